"""Every op over at least a million beats, with parameters, rests and resets that Hypothesis draws; then new networks.

    python -m tests.nightly                      # an hour or two of one core
    python -m tests.nightly --only pool --seed 7
    python -m tests.nightly --only networks --networks 100

Checked of ops: every value, that no beat is lost or added, that a payload stays while it waits, that nothing depends
on what registers held before the reset, that a period of PYNQ-Z2's clock holds every path. What fails is made as small
as it goes. Of networks: every integer at every level of the gate, and the rate. The seed is printed and gives the same
again.
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
    parser.add_argument("--networks", type=int, default=20, help="random ones, simulated (default: 20)")
    parser.add_argument("--only", default="", help="one op, e.g. pool, or networks")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="signflow_finn_") as folder:
        prepare_finn(Path(folder))
        from tests.nightly.long_run import OPS, long_run
        from tests.nightly.networks import IN_INTEGERS, fresh_integers, fresh_networks

        if options.only not in ("", "networks", *OPS):
            parser.error(f"--only {options.only}; legal: networks, {', '.join(OPS)}")

        def say(line: str) -> None:
            print(line, flush=True)

        say(f"seed {options.seed}")
        failed = []
        for stem in [s for s in OPS if options.only in ("", s)]:
            try:
                long_run(stem, options.beats, options.cases, options.seed, say)
            except Exception as error:
                failed.append(stem)
                say("\n".join((f"{stem}: {error}", *getattr(error, "__notes__", ()))))
        if options.only in ("", "networks"):
            failed += fresh_networks(options.networks, options.seed, say)
            failed += fresh_integers(IN_INTEGERS * options.networks, options.seed, say)
    print(f"seed {options.seed}: {', '.join(failed) or 'nothing'} failed")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
