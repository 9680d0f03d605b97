"""What looks at a mutant: the checks of the tests themselves, on designs that are compiled once for many mutants."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from finn_build.board.shell import Shell
from finn_build.dataflow.ops.base import StreamOp
from sim.board import BoardTraffic
from tests.board import test_proofs, test_shell, test_shell_rates, test_shell_registers, test_skips
from tests.board.loopback import LoopbackBench, make_loopback
from tests.board.prove import holds
from tests.board.skip_loopback import SkipBench, make_skip
from tests.dataflow import test_handshakes, test_slow_readers
from tests.dataflow.ops.op_case import STALLS, OpBench
from tests.records.ops import cases

Check = Callable[[], object]
_TYPES = {  # by the stems of their files
    op.__module__.rpartition(".")[2]: op for op in StreamOp.__subclasses__() if op.__module__.startswith("finn_build.")
}
OPS = {stem: op.__name__ for stem, op in _TYPES.items()}
HOMES = {
    "sf_ram": "swg",
    "sf_rom": "thresholding",
    "sf_rom_distributed": "mvau",
    "sf_rom_late": "thresholding",
    "sf_compressor": "mvau",
    "sf_counter": "mvau",
    "sf_counter_apart": "mvau",
    "sf_counter_logic": "mvau",
    "sf_fifo": "fifo",
    "sf_join": "add",
}
SLACK = {"bitconv": 2}


def home(path: Path) -> str:
    """Whose checks look at an RTL file: an op, the shell, or the shell's skip."""
    if path.stem == "sf_shell_skip":
        return "skip"
    return HOMES.get(path.stem, path.parent.name)


def others(path: Path) -> list[str]:
    """Further ops that an RTL file is a part of."""
    name = f"{path.parent.name}/{path.name}"
    return [stem for stem, op in _TYPES.items() if name in op.rtl_sources and stem != home(path)]


def checks(stem: str, folder: Path, every: int) -> Iterator[Check]:
    """Checks, the cheapest first; making them compiles nothing."""
    if stem == "shell":
        yield from _shell(folder)
    elif stem == "skip":
        yield from _skip(folder)
    else:
        bench = OpBench(OPS[stem], cases(stem, every))
        wanted = [bench.expected(i) for i in range(len(bench.ops))]
        bench.expected = wanted.__getitem__  # type: ignore[method-assign]
        yield partial(bench.check_rtlsim, folder, SLACK.get(stem, 0))
        yield from (partial(bench.simulate, folder, stalls) for stalls in STALLS)
        shortest = min(op.get_exp_cycles() for op in bench.ops)
        for cycle in (2, 5 * shortest // 4, 7 * shortest // 3):
            yield partial(bench.simulate, folder, STALLS[0], cycle)
        if every == 1 and OPS[stem] in {op_type for op_type, *_ in test_slow_readers.CASES.values()}:
            yield partial(_slow_readers, folder / "chains")


def _slow_readers(folder: Path) -> None:
    for name, chain in test_slow_readers.simulated(folder).items():
        test_slow_readers.check(chain, name)


def proofs(stem: str, path: Path, library: Path) -> Iterator[Check]:
    """Proofs of what a file holds, on a library of RTL."""
    if stem in ("shell", "skip"):
        part = path.stem.removeprefix("sf_shell_")
        for name, (top, parameters) in test_proofs.CASES.items():
            if name.split("-")[0] == part:
                yield partial(_proven, top, test_proofs._sources(top, library / "shell"), parameters)
    for top, parameters in test_handshakes.CASES.values():
        if top == f"{stem}_proof":
            sources = [*(library / source for source in test_handshakes.SOURCES), test_handshakes.PROOFS / f"{top}.sv"]
            yield partial(_proven, top, sources, parameters)


def _proven(top: str, sources: list[Path], parameters: dict[str, int]) -> None:
    proven, log = holds(top, sources, parameters)
    assert proven, log


def _shell(folder: Path) -> Iterator[Check]:
    for board in test_shell.WIDTHS:
        shell = make_loopback(folder / board, test_shell.WIDTHS[board], board)

        def on_a_bench(test: Callable[..., object], *arguments: object, shell: Shell = shell) -> None:
            of_registers = test.__module__ == test_shell_registers.__name__
            bench = LoopbackBench(shell, test_shell_registers.RESTS if of_registers else None)
            try:
                test(bench, *arguments)
            finally:
                bench.board.close()

        yield partial(test_shell.test_what_enters_leaves_whatever_the_memory_does, shell, 1)
        for test in (
            test_shell_registers.test_at_power_up_all_is_zero_but_what_was_built,
            test_shell_registers.test_what_is_written_is_read_and_nothing_else,
            test_shell_registers.test_clear_is_for_counters_and_reset_for_jobs_too,
            test_shell_registers.test_latency_is_of_first_frames_alone,
            test_shell_registers.test_the_first_error_stays_and_nothing_starts_before_a_reset,
            test_shell_registers.test_interrupts_are_told_off_one_by_one,
        ):
            yield partial(on_a_bench, test)
        for size in (0, 64):
            yield partial(on_a_bench, test_shell_registers.test_a_start_while_a_reset_lasts_is_ignored, size)
        after_a_reset = test_shell_registers.test_after_a_reset_in_mid_transfer_nothing_is_counted_but_the_next_job
        yield partial(after_a_reset, shell)
        yield partial(test_shell_rates.check_jobs, board, shell)
        yield partial(test_shell.test_the_bus_is_used_in_every_cycle, shell)
        for test in (
            test_shell.test_registers_say_what_was_built,
            test_shell.test_a_second_job_waits_and_follows,
            test_shell.test_what_a_job_leaves_over_is_not_the_next_ones,
            test_shell.test_a_third_job_is_refused,
            test_shell.test_a_hanging_memory_times_out_and_drains_once_it_wakes,
            test_shell.test_starved_counts_cycles_of_jobs_alone,
        ):
            yield partial(on_a_bench, test)
        for channel, code in (("r", 2), ("w", 3)):
            for response in (test_shell.SLVERR, test_shell.DECERR):
                test = test_shell.test_an_error_response_stops_the_job_and_names_the_stream
                yield partial(on_a_bench, test, channel, code, response)
        yield partial(on_a_bench, test_shell.test_a_job_may_wait_as_many_cycles_as_the_timeout_says, 40)
        for register, value in ((0x100, 0x1000_0001), (0x108, 0), (0x104, 1 << 20)):
            yield partial(on_a_bench, test_shell.test_what_is_no_job_is_refused, register, value)
        yield partial(test_shell.test_reset_in_mid_transfer_then_a_correct_job, shell, 1)
        yield partial(test_shell.test_what_enters_leaves_whatever_the_memory_does, shell, 3)


def _skip(folder: Path) -> Iterator[Check]:
    for board, width in test_skips.CASES.items():
        made = make_skip(folder / board, width, board, test_skips.DEPTH)

        def on_a_bench(test: Callable[..., object], *arguments: object, made: test_skips.Made = made) -> None:
            bench = SkipBench(made[0], BoardTraffic())
            try:
                test(bench, made, *arguments)
            finally:
                bench.board.close()

        yield partial(test_skips.test_what_enters_leaves_in_order, made, 1)
        yield partial(test_shell_rates.check_skips, board, *made)
        yield partial(on_a_bench, test_skips.test_the_ring_fills_before_the_sender_waits_and_no_beat_is_lost_in_time)
        yield partial(on_a_bench, test_skips.test_few_beats_go_past_the_memory)
        yield partial(on_a_bench, test_skips.test_later_jobs_do_not_move_the_ring)
        for channel, code, stream in (("r", 2, test_skips.TAKEN), ("w", 3, test_skips.SENT)):
            yield partial(on_a_bench, test_skips.test_an_error_response_names_the_skip, channel, code, stream)
        yield partial(on_a_bench, test_skips.test_a_hanging_memory_times_out_and_drains_once_it_wakes)
        yield partial(test_skips.test_reset_in_mid_transfer_then_a_correct_job, made, 0)
