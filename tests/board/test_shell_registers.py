"""Every register of the shell: at power-up, written, cleared, after resets; the first error; starts that come early."""

from collections.abc import Iterator

import numpy as np
import pytest
from signflow_driver import registers as at

from finn_build.board.shell import Shell
from sim.board import BoardTraffic
from tests.board.loopback import BEATS, LoopbackBench, make_loopback
from tests.board.test_shell import WIDTHS

RESTS = BoardTraffic(3, stalls=0.2)  # what has no reset starts random; the memory rests now and then
RESET_SEEN = 15  # cycles from the pin's reset to a read that sees the end of the accelerator's, which lasts 16 longer
ADDRESSES = range(0, 1 << 12, 4)  # all that the bus has
COUNTERS = {at.CYCLES, at.CYCLES + 4, at.FRAMES, at.JOB_LATENCY, at.JOB_CYCLES, at.JOB_CYCLES + 4}
STREAM_COUNTERS = {at.BEATS, at.STALLED, at.STARVED}


@pytest.fixture(scope="module", params=WIDTHS)
def shell(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Shell:
    return make_loopback(tmp_path_factory.mktemp(request.param), WIDTHS[request.param], request.param)


@pytest.fixture
def bench(shell: Shell) -> Iterator[LoopbackBench]:
    made = LoopbackBench(shell, RESTS)
    yield made
    made.board.close()


def _streams(bench: LoopbackBench) -> list[int]:
    return [at.STREAM_0 + at.STREAM_STEP * i for i in range(bench.streams)]


def _values(bench: LoopbackBench) -> dict[int, int]:
    """What every address reads that is not 0, those of no register too."""
    return {word: value for word in ADDRESSES if (value := bench.board.read(word))}


def _constants(bench: LoopbackBench) -> dict[int, int]:
    """What was built, and an idle shell."""
    widths = WIDTHS["pynq-z2" if bench.shell.data_bits == 64 else "zcu104"]
    inputs, built = len(widths), bench.shell.build_hash
    values = {at.ID: at.MAGIC, at.VERSION: at.MAJOR << 16, at.STATUS: at.IDLE}
    values[at.CAPABILITIES] = 16 << 16 | bench.shell.data_bits // 8 << 8 | inputs << 4 | inputs
    values |= {at.BUILD_HASH + 4 * i: int(built[8 * i : 8 * i + 8], 16) for i in range(4)}
    for start, width in zip(_streams(bench), (*widths, *widths), strict=True):
        values |= {start + at.BEAT_BYTES: width, start + at.FRAME_BYTES: width * BEATS}
    return {word: value for word, value in values.items() if value}


def _counters(bench: LoopbackBench) -> set[int]:
    return COUNTERS | {start + offset for start in _streams(bench) for offset in STREAM_COUNTERS}


def _job(bench: LoopbackBench, beats: int, offset: int = 0) -> list[int]:
    """Start a job of so many beats; bytes by input."""
    counts = [beats * bench.board.read(start + at.BEAT_BYTES) for start in _streams(bench)[: bench.shell.inputs]]
    bench.fill(counts, np.random.default_rng(beats), offset)
    bench.start(counts, offset)
    return counts


def _until_idle(bench: LoopbackBench) -> None:
    for _ in range(100):
        if bench.board.read(at.STATUS) & (at.IDLE | at.DRAINING) == at.IDLE:
            return
        bench.board.run(20)
    raise AssertionError("it does not become idle")


def test_at_power_up_all_is_zero_but_what_was_built(bench: LoopbackBench) -> None:
    assert _values(bench) == _constants(bench)
    _job(bench, 3 * BEATS)
    bench.until_done()
    assert _values(bench) != _constants(bench)
    for cycles, status in ((RESET_SEEN - 1, at.DRAINING), (RESET_SEEN, at.IDLE)):
        bench.board.power_up()
        bench.board.run(cycles)
        assert bench.board.read(at.STATUS) == status
    assert _values(bench) == _constants(bench)


def test_what_is_written_is_read_and_nothing_else(bench: LoopbackBench) -> None:
    rng, constants = np.random.default_rng(0), _constants(bench)
    offsets = (at.ADDRESS, at.ADDRESS + 4, at.BYTES)
    written = {at.TIMEOUT: 0, at.INT_ENABLE: 0} | {s + offset: 0 for s in _streams(bench) for offset in offsets}
    for _ in range(2):
        for word in written:
            value = int(rng.integers(1, 1 << 32))
            bench.board.write(word, value)
            written[word] = value & 3 if word == at.INT_ENABLE else value
        for word in {*ADDRESSES} - {*written, at.CONTROL}:
            bench.board.write(word, 0xFFFF_FFFF)
        assert _values(bench) == {word: value for word, value in (constants | written).items() if value}


def test_clear_is_for_counters_and_reset_for_jobs_too(bench: LoopbackBench) -> None:
    counters, given = _counters(bench), {at.TIMEOUT: 5000, at.INT_ENABLE: 3}
    for word, value in given.items():
        bench.board.write(word, value)
    for jobs, control in enumerate((at.CLEAR, at.RESET), 1):
        _job(bench, 4 * BEATS)
        bench.until_done(jobs)
        before = _values(bench)
        assert before[at.FRAMES] == 4 and before[at.JOB_LATENCY] < before[at.JOB_CYCLES] <= before[at.CYCLES]
        assert {before[start + at.BEATS] for start in _streams(bench)} == {4 * BEATS}
        assert {word for word in counters if word not in before} <= {at.CYCLES + 4, at.JOB_CYCLES + 4} | {
            start + offset for start in _streams(bench) for offset in (at.STALLED, at.STARVED)
        }
        bench.board.write(at.CONTROL, control)
        bench.board.run(100)
        left = counters if control == at.CLEAR else counters | {at.JOBS, at.INT_STATUS}
        assert _values(bench) == {word: value for word, value in before.items() if word not in left}
    assert before.items() >= given.items()


def test_after_a_reset_in_mid_transfer_nothing_is_counted_but_the_next_job(shell: Shell) -> None:
    bench = LoopbackBench(shell, BoardTraffic(1, stalls=0.1))
    for cycles in range(60, 84):
        _job(bench, 20 * BEATS)
        bench.board.run(cycles)
        bench.board.write(at.CONTROL, at.RESET)
        _until_idle(bench)
        assert not any(bench.board.read(word) for word in _counters(bench) | {at.JOBS, at.INT_STATUS, at.ERROR})
        _job(bench, 4 * BEATS - 1)
        bench.until_done()
        assert [bench.board.read(word) for word in (at.FRAMES, at.JOBS)] == [3, 1], f"reset after {cycles} cycles"
    bench.board.close()


def test_latency_is_of_first_frames_alone(bench: LoopbackBench) -> None:
    """Read all the time, while a second job begins and the first still ends."""
    found = {0}
    for _ in range(2):
        _job(bench, 4 * BEATS)
        assert not bench.board.read(at.STATUS) & at.IDLE
        bench.board.run(20)
    while bench.board.read(at.JOBS) < 2:
        found.add(bench.board.read(at.JOB_LATENCY))
    assert len(found) <= 3 and min(found - {0}) > BEATS, found


def test_the_first_error_stays_and_nothing_starts_before_a_reset(bench: LoopbackBench) -> None:
    last = bench.shell.inputs - 1
    bench.board.fault("r", bench.address(last, 64), 3)
    bench.board.write(at.INT_ENABLE, at.INT_FAILED)
    _job(bench, 4 * BEATS)
    assert bench.board.wait_interrupt(5000)
    bench.board.run(300)
    error, streams = bench.board.read(at.ERROR), bench.board.read(at.STREAMS)
    assert error == 3 << 16 | last << 8 | at.READ_FAILED and bench.board.read(at.STATUS) == at.FAILED | at.IDLE
    bench.board.write(at.INT_STATUS, at.INT_FAILED)
    bench.board.write(at.STREAM_0 + at.BYTES, 0)
    bench.board.write(at.CONTROL, at.START)
    bench.board.run(100)
    assert (bench.board.read(at.ERROR), bench.board.read(at.STREAMS)) == (error, streams)
    assert bench.board.read(at.STATUS) == at.FAILED | at.IDLE and bench.board.read(at.INT_STATUS) == 0
    bench.board.write(at.CONTROL, at.RESET)
    bench.board.run(100)
    assert [bench.board.read(word) for word in (at.ERROR, at.STREAMS)] == [0, 0]


@pytest.mark.parametrize("size", [0, 64])
def test_a_start_while_a_reset_lasts_is_ignored(bench: LoopbackBench, size: int) -> None:
    """As is one in the same access; whether what it would start is a job or not."""
    for stream, start in enumerate(_streams(bench)):
        bench.board.write(start, bench.address(stream))
        bench.board.write(start + at.BYTES, size)
    for control in ((at.RESET, at.START), (at.RESET | at.START,)):
        for value in control:
            bench.board.write(at.CONTROL, value)
        assert bench.board.read(at.STATUS) & (at.DRAINING | at.IDLE) == at.DRAINING
        bench.board.run(100)
        expected = {at.STATUS: at.IDLE, at.ERROR: 0, at.JOBS: 0, at.INT_STATUS: 0, at.CYCLES: 0}
        assert {word: bench.board.read(word) for word in expected} == expected


def test_interrupts_are_told_off_one_by_one(bench: LoopbackBench) -> None:
    bench.board.write(at.INT_ENABLE, at.INT_DONE | at.INT_FAILED)
    _job(bench, BEATS)
    assert bench.board.wait_interrupt(5000) and bench.board.read(at.INT_STATUS) == at.INT_DONE
    bench.board.write(at.INT_STATUS, at.INT_FAILED)
    assert bench.board.read(at.INT_STATUS) == at.INT_DONE and bench.board.wait_interrupt(0)
    bench.board.write(at.INT_ENABLE, at.INT_FAILED)
    assert bench.board.read(at.INT_STATUS) == at.INT_DONE and not bench.board.wait_interrupt(0)
    bench.board.write(at.INT_STATUS, at.INT_DONE)
    bench.board.write(at.INT_ENABLE, at.INT_DONE | at.INT_FAILED)
    assert bench.board.read(at.INT_STATUS) == 0 and not bench.board.wait_interrupt(0)
