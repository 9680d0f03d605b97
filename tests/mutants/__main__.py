"""Faults put into the project one by one: which do the tests see?

    python -m tests.mutants rtl --count 400 --seed 1
    python -m tests.mutants python --count 120 --only arithmetic/

Mutants are drawn by the seed. Those that nothing sees are listed; which of them change nothing that could be seen is
written down in `equivalent.yaml`, each with its reason, and they are not drawn. Exit code 1 when fewer than 95 in 100
of the others are seen.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

import yaml

from finn_build.finn.environment import prepare_finn
from tests.mutants.mutant import Mutant

EQUIVALENT = Path(__file__).parent / "equivalent.yaml"
WANTED = 0.95


def equivalent() -> dict[str, str]:
    """Reason by mutant, as it is printed but for the number of its line."""
    return dict(yaml.safe_load(EQUIVALENT.read_text()) or {})


def draw(found: Sequence[Mutant], count: int, seed: int) -> list[Mutant]:
    """So many of them, in order; those that are known to be equivalent are left out."""
    known = equivalent()
    left = [mutant for mutant in found if mutant.name not in known]
    chosen = random.Random(seed).sample(left, min(count, len(left)))
    return sorted(chosen, key=lambda mutant: (str(mutant.path), mutant.start, mutant.after))


def run_rtl(chosen: Sequence[Mutant], say: Callable[[str], None]) -> list[Mutant]:
    """Survivors among mutants of RTL."""
    from tests.mutants.checks import home, others
    from tests.mutants.rtl_run import survivors

    def unseen(stem: str, mutants: Sequence[Mutant]) -> list[Mutant]:
        with tempfile.TemporaryDirectory(prefix="signflow_mutants_") as folder:
            return survivors(stem, mutants, Path(folder)) if mutants else []

    by_home, alive = defaultdict(list), []
    for mutant in chosen:
        by_home[home(mutant.path)].append(mutant)
    for stem, mutants in sorted(by_home.items(), key=lambda item: (item[0] in ("shell", "skip"), item[0])):
        left = unseen(stem, mutants)
        for other in sorted({user for mutant in left for user in others(mutant.path)}):
            here = unseen(other, [mutant for mutant in left if other in others(mutant.path)])
            left = [mutant for mutant in left if mutant in here or other not in others(mutant.path)]
        alive += left
        say(f"{stem}: {len(mutants) - len(left)} of {len(mutants)} seen")
        for mutant in left:
            say(f"  not seen: {mutant}")
    return alive


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    form = argparse.RawTextHelpFormatter
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__, formatter_class=form)
    parser.add_argument("language", choices=("rtl", "python"))
    parser.add_argument("--count", type=int, default=300, help="mutants (default: 300)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="files whose path has this in it")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="signflow_finn_") as folder:
        prepare_finn(Path(folder))
        if options.language == "rtl":
            from tests.mutants.rtl import all_mutants

            run = run_rtl
        else:
            from tests.mutants.python import all_mutants
            from tests.mutants.python import run_python as run
        chosen = draw([m for m in all_mutants() if options.only in str(m.path)], options.count, options.seed)
        print(f"{len(chosen)} mutants, seed {options.seed}", flush=True)
        alive = run(chosen, lambda line: print(line, flush=True))
    share = 1 - len(alive) / max(1, len(chosen))
    print(f"{len(chosen) - len(alive)} of {len(chosen)} mutants seen: {share:.1%}")
    return int(share < WANTED)


if __name__ == "__main__":
    sys.exit(main())
