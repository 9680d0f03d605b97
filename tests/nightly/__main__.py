"""Every op over at least a million beats, with parameters, rests and resets that Hypothesis draws.

    python -m tests.nightly                      # about an hour of one core
    python -m tests.nightly --only pool --seed 7

Checked: every value, that no beat is lost or added, that a payload stays while it waits, that nothing depends on what
registers held before the reset. What fails is made as small as it goes; the seed is printed and gives the same again.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from finn_build.finn.environment import prepare_finn


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    form = argparse.RawTextHelpFormatter
    parser = argparse.ArgumentParser(prog="python -m tests.nightly", description=__doc__, formatter_class=form)
    parser.add_argument("--beats", type=int, default=1_000_000, help="of each op (default: 1,000,000)")
    parser.add_argument("--cases", type=int, default=12, help="of each op, a compilation each (default: 12)")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32), help="default: a new one")
    parser.add_argument("--only", default="", help="one op, e.g. pool")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="signflow_finn_") as folder:
        prepare_finn(Path(folder))
        from tests.nightly.long_run import OPS, long_run

        print(f"seed {options.seed}", flush=True)
        failed = []
        for stem in (options.only,) if options.only else OPS:
            try:
                long_run(stem, options.beats, options.cases, options.seed, lambda line: print(line, flush=True))
            except Exception as error:
                failed.append(stem)
                print(f"{stem}: {error}", *getattr(error, "__notes__", ()), sep="\n", flush=True)
    print(f"seed {options.seed}: {', '.join(failed) or 'nothing'} failed")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
