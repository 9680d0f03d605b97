"""Pack a checkpoint for shipping: 1-bit weights as signs of one byte, a quarter of the file, the same network.

python -m brevitas_models.training.pack runs/steel/best.pt brevitas_models/weights/bi_shufflenet.pt

The magnitudes behind the signs are dropped: only training reads them, and a training that starts from a packed
checkpoint (`--init`) gives the signs those of a new network, small enough to change.
"""

import argparse
import sys
from pathlib import Path

from brevitas_models.networks.description import describe
from finn_build.terminal import require_place, say_loading, tells_errors


@tells_errors
def main(arguments: list[str] | None = None) -> int:
    """The command; returns its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m brevitas_models.training.pack",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("source", type=Path, help="checkpoint written by signflow train")
    parser.add_argument("target", type=Path, help="file to write")
    options = parser.parse_args(arguments)
    describe(options.source)
    require_place(options.target, str(options.target))
    say_loading("PyTorch")
    from brevitas_models.training.packing import pack  # here: help and typos do without

    pack(options.source, options.target)
    print(f"{options.target}: {options.target.stat().st_size / options.source.stat().st_size:.0%} of {options.source}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
