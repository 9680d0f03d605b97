"""`python -m brevitas_models.experiments`: the command lies in `command.py`; help waits for nothing."""

import sys

from finn_build.console import main

if __name__ == "__main__":
    sys.exit(main(("experiments", *sys.argv[1:])))
