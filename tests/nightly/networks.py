"""Networks nobody chose: random ones of new seeds through the pipeline to the gate, every other one with stalls."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable
from pathlib import Path

from finn_build.errors import SignflowError
from sim.verilator import Stalls
from tests.builds.many_networks import outcome
from tests.builds.pipeline_runs import require_rate
from tests.builds.random_networks import ALL_FROM
from tests.builds.test_random_networks import built, latencies

IN_INTEGERS = 10  # networks of other kinds that are compared in integers, for each that is simulated


def fresh_networks(count: int, seed: int, say: Callable[[str], None]) -> list[str]:
    """So many networks built, simulated and compared at every level, and rates where nothing stalls.

    A latency other than the predicted one is said, and no failure.

    Returns:
        A line for each that fails, with the number that gives it again.
    """
    rng, failed = random.Random(seed), []
    for number in (rng.randrange(ALL_FROM, 2**31) for _ in range(count)):
        stalls = Stalls(number) if number % 2 else None
        try:
            with tempfile.TemporaryDirectory(prefix="signflow_nightly_") as folder:
                build = built(number, Path(folder), stalls)
                if stalls is None:
                    require_rate(build)
            predicted, simulated = latencies(build)
            said = "with stalls" if stalls else f"latency {simulated} cycles, predicted {predicted}"
            say(f"random network {number}: exact at every level, {said}")
        except (AssertionError, SignflowError) as error:
            failed.append(f"random network {number}: {error}")
            say(failed[-1])
    return failed


def fresh_integers(count: int, seed: int, say: Callable[[str], None]) -> list[str]:
    """So many networks of the kinds that people bring, compared in integers; those that are refused are said.

    Returns:
        A line for each that is wrong or crashes.
    """
    rng, failed, exact = random.Random(seed), [], 0
    for number in (rng.randrange(2**31) for _ in range(count)):
        try:
            with tempfile.TemporaryDirectory(prefix="signflow_nightly_") as folder:
                said = outcome(number, Path(folder))
        except AssertionError as error:
            said = f"wrong: {error}"
        exact += said == "exact"
        if said != "exact":
            say(f"network {number}: {said}")
            failed += [] if said.startswith("refused") else [f"network {number}: {said}"]
    say(f"{exact} of {count} networks exact in integers")
    return failed
