"""`python -m brevitas_models.complexity`: the command lies in `experiments/complexity.py`; help waits for nothing."""

import sys

from finn_build.console import main

if __name__ == "__main__":
    sys.exit(main(("complexity", *sys.argv[1:])))
