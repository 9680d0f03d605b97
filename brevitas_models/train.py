"""`python -m brevitas_models.train`: the command lies in `training/command.py`; help waits for nothing."""

import sys

from finn_build.console import main

if __name__ == "__main__":
    sys.exit(main(("train", *sys.argv[1:])))
