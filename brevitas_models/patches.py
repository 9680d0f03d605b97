"""`python -m brevitas_models.patches`: the command lies in `data/patches.py`."""

import sys

from brevitas_models.data.patches import main

if __name__ == "__main__":
    sys.exit(main())
