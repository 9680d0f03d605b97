"""`python -m brevitas_models.synthetic`: the command lies in `data/synthetic.py`."""

import sys

from brevitas_models.data.synthetic import main

if __name__ == "__main__":
    sys.exit(main())
