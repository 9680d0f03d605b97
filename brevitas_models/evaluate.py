"""`python -m brevitas_models.evaluate`: the command lies in `experiments/evaluate.py`; help waits for nothing."""

import sys

from finn_build.console import main

if __name__ == "__main__":
    sys.exit(main(("evaluate", *sys.argv[1:])))
