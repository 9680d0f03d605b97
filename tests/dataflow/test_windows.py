"""The least ring of a window, found again by playing reader and writer cycle by cycle over several frames."""

import numpy as np

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


def windows() -> list[Window]:
    rng, found = np.random.default_rng(5), []
    while len(found) < 300:
        kernel = tuple(int(k) for k in rng.integers(1, 5, 2))
        dilation = tuple(int(d) for d in rng.integers(1, 4, 2)) if len(found) >= 200 else (1, 1)
        reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
        padding = tuple(int(rng.integers(0, k)) for k in (*reach, *reach))
        image = tuple(int(n) for n in rng.integers(2, 8, 2))
        stride = tuple(int(s) for s in rng.integers(1, 4, 2))
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
        assert frames(window, window.depth) == best and window.cycles - 1 < best[1] <= window.cycles, window
        larger += window.depth > window.span and frames(window, window.depth - 1) == best
    assert larger <= 6  # where padding before and behind is as large as the image
