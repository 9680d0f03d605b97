"""`python -m brevitas_models.inspect`: the command lies in `inspection/command.py`; help waits for nothing."""

import sys

from finn_build.console import main

if __name__ == "__main__":
    sys.exit(main(("inspect", *sys.argv[1:])))
