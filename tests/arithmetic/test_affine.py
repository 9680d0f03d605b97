"""Lines in place of thresholds: exact where they are found, none where there are none."""

import numpy as np
import pytest

from finn_build.arithmetic.affine import AffineSteps, fit_affine
from finn_build.arithmetic.step_function import StepFunction, compile_steps

LOW, HIGH, BITS = -560, 528, 5
HALF = 2 ** (BITS - 1)


def compiled(gain: list[float], knee: list[float], slope: list[float], shift: list[float]) -> StepFunction:
    """Batch norm, RPReLU and a quantizer, in float32, with one parameter a channel."""
    g, k, s, t = (np.array(v, np.float32) for v in (gain, knee, slope, shift))

    def function(x: np.ndarray) -> np.ndarray:
        y = x.astype(np.float32) * g - k
        return np.clip(np.round(np.where(y >= 0, y, s * y) + t), -HALF, HALF - 1).astype(np.int64)

    return compile_steps(function, np.full(len(gain), LOW), np.full(len(gain), HIGH))


def fitted(steps: StepFunction, channels: int, low: int = LOW, high: int = HIGH) -> AffineSteps | None:
    """The fit, after a comparison on the whole range."""
    fit = fit_affine(steps, np.full(channels, low), np.full(channels, high), BITS, -HALF)
    if fit is not None:
        x = np.repeat(np.arange(low, high + 1)[:, None], channels, axis=1)
        assert np.array_equal(fit(x), steps(x))
        a, d = fit.widths
        assert fit.lines[..., 0].min() >= -(2 ** (a - 1)) and fit.lines[..., 0].max() < 2 ** (a - 1)
        assert fit.lines[..., 1].min() >= -(2 ** (d - 1)) and fit.lines[..., 1].max() < 2 ** (d - 1)
    return fit


@pytest.mark.parametrize(
    ("gain", "knee", "slope", "shift"),
    [
        (0.0513, 1.07, 0.251, 2.03),
        (-0.0513, 1.07, 0.251, 2.03),  # falls
        (0.0513, -1.07, -0.31, -6.03),  # falls, then rises
        (-0.0413, 3.07, -0.31, -6.03),
        (0.0313, 2.07, 0.0, 1.03),  # flat on one side
        (0.0, 0.0, 0.25, 3.2),  # constant, and at both ends
        (0.0, 0.0, 0.25, 40.0),
        (0.0, 0.0, 0.25, -40.0),
        (0.0015, 0.0, 0.5, 0.0),  # one step a side or none
        (-0.0015, 0.0, 0.5, 0.0),  # the same ones fall
        (-40.0, 7.0, 1.0, 0.0),  # several levels an integer, down
        (0.001, 0.2, 1.0, 0.45),
        (3.0, 7.0, 0.9, 0.0),  # several levels an integer
        (40.0, 7.0, 1.0, 0.0),
        (0.0513, 30.07, 0.021, 0.03),  # the knee beyond the range
        (0.0513, 20.07, 1.71, -4.03),  # steeper below the knee
    ],
)
def test_batch_norm_and_rprelu_are_two_lines(gain: float, knee: float, slope: float, shift: float) -> None:
    assert fitted(compiled([gain], [knee], [slope], [shift]), 1) is not None


def test_many_channels_share_one_scale() -> None:
    rng = np.random.default_rng(3)
    n = 96
    gain, knee = rng.choice([-1, 1], n) * rng.uniform(0.03, 0.1, n), rng.normal(0, 3, n)
    steps = compiled(list(gain), list(knee), list(rng.uniform(-0.2, 0.5, n)), list(rng.normal(0, 3, n)))
    fit = fitted(steps, n)
    assert fit is not None and 0 < fit.fraction <= 6
    assert fit_affine(steps, np.full(n, LOW), np.full(n, HIGH), BITS, -HALF, (0,)) is None


def test_one_row_of_thresholds_serves_all_channels() -> None:
    steps = compiled([0.0513] * 3, [1.07] * 3, [0.251] * 3, [0.03] * 3)
    assert len(steps.thresholds) == 1
    fit = fitted(steps, 3)
    assert fit is not None and fit.lines.shape == (3, 2, 2)


@pytest.mark.parametrize("levels", [(0, 1), (1, 0)])
def test_a_single_step_of_one_bit_rises_or_falls(levels: tuple[int, int]) -> None:
    steps, x = StepFunction(np.array([[5]]), np.array([levels]), 0), np.arange(-4, 10)[:, None]
    fit = fit_affine(steps, x[0], x[-1], 1, 0)
    assert fit is not None and np.array_equal(fit(x), steps(x))


def test_ties_to_even_at_integers_are_refused() -> None:
    """Steps at 10, 31, 50, 71: a level wins its tie, the next one does not."""
    assert fitted(compiled([0.05], [0.0], [1.0], [0.0]), 1) is None


def test_a_curve_is_refused() -> None:
    steps = compile_steps(
        lambda x: np.clip(np.round(x / 20 / (1 + np.exp(-x / 60))), -HALF, HALF - 1).astype(np.int64),
        np.array([LOW]), np.array([HIGH]),
    )  # fmt: skip
    assert fitted(steps, 1) is None


def test_three_lines_are_refused() -> None:
    steps = compile_steps(
        lambda x: np.round(np.interp(x, [LOW, -100, 100, HIGH], [-12, -2, 0, 14])).astype(np.int64),
        np.array([LOW]), np.array([HIGH]),
    )  # fmt: skip
    assert fitted(steps, 1) is None


def test_levels_beyond_the_bits_are_refused() -> None:
    steps = compiled([0.05], [0.0], [1.0], [0.0])
    low, high = np.array([LOW]), np.array([HIGH])
    assert fit_affine(steps, low, high, BITS - 1, -HALF) is None
    assert fit_affine(steps, low, high, BITS, 0) is None


def test_one_level_below_the_bias_is_refused() -> None:
    """All the others would be a line's."""
    steps = compile_steps(lambda x: np.clip(x, -1, 3), np.array([-4]), np.array([6]))
    assert fit_affine(steps, np.array([-4]), np.array([6]), 2, 0) is None
    assert fit_affine(steps, np.array([0]), np.array([6]), 2, 0) is not None


def test_one_level_above_the_bits_is_refused() -> None:
    """All the others would be a line's."""
    steps = compile_steps(lambda x: np.clip(x, 0, 4), np.array([-4]), np.array([6]))
    assert fit_affine(steps, np.array([-4]), np.array([6]), 2, 0) is None
    assert fit_affine(steps, np.array([-4]), np.array([3]), 2, 0) is not None


@pytest.mark.parametrize(
    ("lines", "widths"),
    [
        ([[0, -1], [0, 0]], (1, 1)),
        ([[1, 0], [0, -2]], (2, 2)),
        ([[-4, 3], [3, -4]], (3, 3)),
        ([[4, 0], [0, -5]], (4, 4)),
    ],
)
def test_widths_are_those_of_the_widest(lines: list[list[int]], widths: tuple[int, int]) -> None:
    assert AffineSteps(0, 2, 0, np.zeros(1, int), np.array([lines])).widths == widths


def test_each_channel_counts_on_its_own_range() -> None:
    """Beyond the range that a function was compiled for it is flat: a third line."""
    low, high = np.array([-300, -560]), np.array([528, 200])
    g, slope = np.array([0.0213, -0.0187]), np.array([0.53, 0.61])
    steps = compile_steps(lambda x: np.round(np.where(x > 0, x, slope * x) * g).astype(np.int64), low, high)
    fit = fit_affine(steps, low, high, BITS, -HALF)
    assert fit is not None
    x = np.clip(np.arange(-560, 529)[:, None], low, high)
    assert np.array_equal(fit(x), steps(x))
    assert fit_affine(steps, low - 150, high, BITS, -HALF) is None


def test_random_staircases_are_exact_or_refused() -> None:
    rng = np.random.default_rng(8)
    found = 0
    for _ in range(300):
        thresholds = np.sort(rng.integers(-8, 10, (1, 3)), axis=1)
        table = rng.integers(-HALF, -HALF + 4, (1, 4))
        found += fitted(StepFunction(thresholds, table, 0), 1, -8, 9) is not None
    assert 50 < found < 300


SMALL = np.arange(-90, 91)  # of A and of D
FEW = np.arange(-5, 6)  # totals


def every_line(fraction: int, bits: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Counts of every small line on every total, int8 [A * D, totals]; |A| + |D|; whether it falls."""
    half = 2 ** (bits - 1)
    a, d = (v.reshape(-1, 1) for v in np.meshgrid(SMALL, SMALL, indexing="ij"))
    left, counts = (FEW << fraction) * half, np.zeros((len(a), len(FEW)), np.int8)
    for j in range(1, 2 * half):
        right = a * half + (j - half) * d
        counts += np.where(d < 0, left < right, left >= right)
    return counts, (np.abs(a) + np.abs(d)).ravel(), (d < 0).ravel()


def test_lines_are_the_smallest_knees_in_the_middle_and_no_smaller_fraction_serves() -> None:
    """Against a search through all small lines."""
    rng, bits, fractions = np.random.default_rng(5), 2, (0, 2)
    lines = {f: every_line(f, bits) for f in fractions}
    found = 0
    for _ in range(24):
        counts = np.clip(np.cumsum(rng.integers(-1, 2, len(FEW)) * (rng.random(len(FEW)) < 0.4)) + 1, 0, 3)
        steps = compile_steps(lambda x, c=counts: c[x - FEW[0]], np.array([FEW[0]]), np.array([FEW[-1]]))
        fit = fit_affine(steps, FEW[:1], FEW[-1:], bits, 0, fractions)
        least = {f: [_least(*lines[f], counts, 0, k) for k in range(len(FEW) + 1)] for f in fractions}
        most = {f: [_least(*lines[f], counts, k, len(FEW)) for k in range(len(FEW) + 1)] for f in fractions}
        knees = {
            f: [k for k in range(len(FEW) + 1) if least[f][k] is not None and most[f][k] is not None] for f in fractions
        }
        wanted = next((f for f in fractions if knees[f]), None)
        assert (None if fit is None else fit.fraction) == wanted
        if fit is None or wanted is None:
            continue
        found += 1
        at = (knees[wanted][0] + knees[wanted][-1]) // 2
        assert fit.knees[0] == FEW[min(at, len(FEW) - 1)]
        costs = [
            least[wanted][at] if at else most[wanted][at],
            most[wanted][at] if at < len(FEW) else least[wanted][at],
        ]
        assert [int(abs(line).sum()) for line in fit.lines[0]] == costs
    assert found > 15


def _least(
    found: np.ndarray, cost: np.ndarray, falls: np.ndarray, counts: np.ndarray, begin: int, end: int
) -> int | None:
    """The least cost of a line that gives some of the counts; what is level rises."""
    part = counts[begin:end]
    fits = (found[:, begin:end] == part).all(axis=1) & (falls == (np.diff(part) < 0).any())
    return int(cost[fits].min()) if fits.any() else None
