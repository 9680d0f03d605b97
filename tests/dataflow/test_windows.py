"""The least ring of a window, found again by playing reader and writer cycle by cycle over several frames."""

import numpy as np
import pytest

from finn_build.dataflow.ops._ring import least_words, pixels_kept
from finn_build.dataflow.ops._window import Window

FRAMES = 4


def frames(window: Window, depth: int) -> tuple[float, float]:
    """Cycles to the end of the first frame, and between frames, with a ring of so many words; infinite if it stalls."""
    oy, ox, *place = np.unravel_index(
        np.arange(window.beats_out), (*window.windows, *((window.folds,) if window.depthwise else ()), *window.kernel)
        if window.depthwise else (*window.windows, *window.kernel, window.folds),
    )  # fmt: skip
    fold, ky, kx = place if window.depthwise else (place[2], place[0], place[1])
    y = oy * window.stride[0] - window.padding[0] + ky * window.dilation[0]
    x = ox * window.stride[1] - window.padding[1] + kx * window.dilation[1]
    inside = (y >= 0) & (y < window.image[0]) & (x >= 0) & (x < window.image[1])
    needed = np.where(inside, (y * window.image[1] + x) * window.folds + fold + 1, 0)
    rows, columns = oy * window.stride[0] - window.padding[0], ox * window.stride[1] - window.padding[1]
    first = (rows * window.image[1] + columns) * window.folds
    offsets = np.arange(FRAMES)[:, None] * window.beats_in
    needed = np.where(needed > 0, needed + offsets, 0).ravel()
    first = (first + offsets).ravel()
    written, read, ends = 0, 0, []
    for cycle in range(100 * window.cycles * FRAMES):
        writes = written < FRAMES * window.beats_in and written < first[read] + depth
        reads = needed[read] <= written
        written, read = written + writes, read + reads
        if reads and read % window.beats_out == 0:
            ends.append(cycle)
            if len(ends) == FRAMES:
                return ends[0], (ends[-1] - ends[0]) / (FRAMES - 1)
        if not writes and not reads:
            break
    return float("inf"), float("inf")


def pair(rng: np.random.Generator, low: int, high: int) -> tuple[int, int]:
    first, second = (int(k) for k in rng.integers(low, high, 2))
    return first, second


def windows() -> list[Window]:
    rng = np.random.default_rng(5)
    found: list[Window] = []
    while len(found) < 300:
        kernel = pair(rng, 1, 5)
        dilation = pair(rng, 1, 4) if len(found) >= 200 else (1, 1)
        high, wide = ((k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True))
        reach = (high, wide)
        top, left, bottom, right = (int(rng.integers(0, k)) for k in (*reach, *reach))
        padding, image, stride = (top, left, bottom, right), pair(rng, 2, 8), pair(rng, 1, 4)
        window = Window(image, kernel, stride, padding, int(rng.integers(1, 3)), bool(rng.integers(2)), dilation)
        if all(image[a] + padding[a] + padding[a + 2] >= reach[a] for a in (0, 1)):
            found.append(window)
    return found


def test_the_ring_keeps_the_rate_and_is_hardly_ever_larger_than_that_takes() -> None:
    """Some hold words of the frame before or behind as well. What a window itself spans is needed at any rate.

    The first frame after a reset comes no later than with a ring that never fills up.
    """
    larger = 0
    for window in windows():
        best = frames(window, FRAMES * window.beats_in)
        assert frames(window, least_words(window)) == best and window.cycles - 1 < best[1] <= window.cycles, window
        larger += least_words(window) > window.span and frames(window, least_words(window) - 1) == best
    assert larger <= 6  # where padding before and behind is as large as the image


def places(window: Window, oy: int, ox: int) -> list[tuple[int, int, bool]]:
    """Row and column of each place of a window, in order, and whether it lies in the image."""
    ys = [oy * window.stride[0] - window.padding[0] + k * window.dilation[0] for k in range(window.kernel[0])]
    xs = [ox * window.stride[1] - window.padding[1] + k * window.dilation[1] for k in range(window.kernel[1])]
    return [(y, x, 0 <= y < window.image[0] and 0 <= x < window.image[1]) for y in ys for x in xs]


def test_what_beats_of_windows_wait_for_place_by_place() -> None:
    for window in windows():
        needed, behind, seen = [], [], []
        for number, (oy, ox) in enumerate(np.ndindex(*window.windows)):
            found = places(window, oy, ox)
            arrival = [(y * window.image[1] + x) * window.folds + 1 if inside else None for y, x, inside in found]
            waits = [[a + fold if a else 0 for fold in range(window.folds)] for a in arrival]
            needed += list(np.max(waits, axis=0)) if window.depthwise else [w for place in waits for w in place]
            if any(arrival):
                seen.append(number)
                last = max(k for k, a in enumerate(arrival) if a)
                behind.append((len(found) - 1 - last) * (1 if window.depthwise else window.folds))
        assert list(window.beats_needed(np.arange(len(needed)))) == needed
        assert list(window.places_behind(np.array(seen, int))) == behind
        rows, columns = ([at[k] for at in places(window, window.windows[0] - 1, window.windows[1] - 1)] for k in (0, 1))
        sizes = (*window.kernel, max(rows) + window.padding[0] + 1, max(columns) + window.padding[1] + 1, window.folds)
        assert window.counter_bits == sum(max(1, int(np.ceil(np.log2(n)))) for n in sizes)


def test_the_first_window_is_read_a_place_a_cycle_as_its_pixels_come() -> None:
    for window in windows():
        found = places(window, 0, 0)
        folds = range(1 if window.depthwise else window.folds)
        for apart in (1, 3):
            cycle = -1
            for y, x, inside in found:
                for fold in folds:
                    cycle = max(cycle + 1, ((y * window.image[1] + x) * window.folds + fold + 1) * apart * inside)
            assert window.first_window_cycles(apart) == cycle
        assert window.first_pixels == found[-1][0] * window.image[1] + found[-1][1] + 1
        assert (
            window.span
            == (window.first_pixels + (window.padding[0] * window.image[1] + window.padding[1])) * window.folds
        )


@pytest.mark.parametrize("capture", [0.2513, 0.7071, 0.9931])
@pytest.mark.parametrize(("arrival", "reading"), [(300.7, 400.0), (400.0, 400.0), (400.0, 300.7), (40.3, 400.0)])
def test_pixels_are_kept_from_their_arrival_to_the_last_window_that_begins_with_them(
    arrival: float, reading: float, capture: float
) -> None:
    for window in windows()[::6]:
        pixels, count = window.image[0] * window.image[1], window.windows[0] * window.windows[1]
        step, beat = reading / max(arrival, reading) / count, arrival / max(arrival, reading) / pixels
        first, last = [], []
        for frame in range(4):
            for oy, ox in np.ndindex(*window.windows):
                found = places(window, oy, ox)
                first.append(frame * pixels + found[0][0] * window.image[1] + found[0][1])
                ys, xs = ([p[k] for p in found if p[k] < window.image[k]] or [found[0][k]] for k in (0, 1))
                last.append(frame * pixels + max(ys) * window.image[1] + max(xs))
        begin: list[float] = []
        arrived = [0.0] * 3 * pixels
        for k, pixel in enumerate(last):
            ready = 0.0 if reading >= arrival else (pixel + 1) * beat
            begin.append(k * step if reading >= arrival else max([ready, *(b + step for b in begin[-1:])]))
        for place in reversed(range(3 * pixels)):
            due = next(b for b, pixel in zip(begin, last, strict=True) if pixel >= place)
            later = arrived[place + 1] - beat if place + 1 < 3 * pixels else due
            arrived[place] = min(due, later) if reading >= arrival else (place + 1) * beat
        kept = [
            place + 1 - first[min(sum(b + capture * step <= arrived[place] for b in begin), len(first) - 1)]
            for place in range(pixels, 2 * pixels)
        ]
        assert pixels_kept(window, arrival, reading, capture) == max(kept), window
