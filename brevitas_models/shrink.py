"""`python -m brevitas_models.shrink`."""

import sys

from brevitas_models.data.shrink import main

if __name__ == "__main__":
    sys.exit(main())
