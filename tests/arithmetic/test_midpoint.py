import numpy as np
import pytest

from finn_build.arithmetic import midpoint
from finn_build.arithmetic.midpoint import fit_midpoint
from finn_build.arithmetic.step_function import StepFunction, compile_steps

LOW, HIGH = -(2**11), 2**11 - 1
X = np.arange(LOW, HIGH + 1)


def _compiled(levels: list[np.ndarray]) -> StepFunction:
    table = np.stack(levels, axis=1)
    ends = (np.full(len(levels), end) for end in (LOW, HIGH))
    return compile_steps(lambda x: np.take_along_axis(table, x - LOW, axis=0), *ends)


def _rsilu(slope: float, eta: float, zeta: float = 0.0) -> np.ndarray:
    a = X * slope - zeta
    return np.clip(np.rint((a / (1 + np.exp(-a)) + eta) * 64), 0, 255).astype(np.int64)


SHAPES = {
    "rsilu": [_rsilu(0.005, 0.1), _rsilu(0.011, 0.25, 1.5), _rsilu(0.008, -0.2)],
    "not all levels": [_rsilu(0.001, 0.1), _rsilu(0.008, 0.1)],
    "jumps": [_rsilu(0.2, 0.1), _rsilu(0.3, 0.0), _rsilu(0.01, 0.0)],
    "constant beside": [np.full(X.shape, 7), _rsilu(0.01, 0.1)],
    "constant at the end beside": [np.full(X.shape, 255), np.zeros(X.shape, np.int64), _rsilu(0.01, 0.1)],
    "falls, and falls beside": [
        _rsilu(0.01, 0.1)[::-1],
        _rsilu(0.008, 0.2),
        255 - _rsilu(0.2, 0.0),
        _rsilu(-0.005, 0.1),
    ],
    "first value": [np.where(X > LOW, 9, 0), np.where(X < HIGH, 0, 9)],
}


@pytest.mark.parametrize("shape", SHAPES)
def test_equal_on_every_integer(shape: str) -> None:
    """Whatever of the dip stands apart, unless it holds not all steps that go down."""
    levels = np.stack(SHAPES[shape], axis=1)
    fits = [fit_midpoint(_compiled(SHAPES[shape]), levels.shape[1], LOW, HIGH, bits) for bits in range(7)]
    assert fits[-1] is not None
    for fit in fits:
        if fit is not None:
            assert np.array_equal(fit(np.repeat(X[:, None], levels.shape[1], axis=1)), levels)


def test_displacements_take_few_bits() -> None:
    fit = fit_midpoint(_compiled(SHAPES["rsilu"]), 3, LOW, HIGH, 5)
    assert fit is not None
    bits = [int(d.max() - d.min()).bit_length() for d in fit.displacements]
    assert len(bits) == 8 and max(bits[5:]) <= 2


@pytest.mark.parametrize("seed", range(20))
def test_random_steps(seed: int) -> None:
    """Exact for whatever falls, then rises, by random heights at random places, along the input or against it."""
    rng = np.random.default_rng(seed)
    levels = []
    for _ in range(3):
        heights = np.zeros(X.shape, np.int64)
        turn, count = int(rng.integers(0, 4)), int(rng.integers(0, 40))
        places = np.sort(rng.choice(len(X), turn + count, replace=False))
        heights[places[:turn]], heights[places[turn:]] = -1, rng.integers(1, 4, count)
        found = np.cumsum(heights) + int(rng.integers(-5, 6))
        levels.append(found[::-1] if rng.integers(2) else found)
    fit = fit_midpoint(_compiled(levels), 3, LOW, HIGH, 3)
    assert fit is not None
    assert np.array_equal(fit(np.repeat(X[:, None], 3, axis=1)), np.stack(levels, axis=1))


@pytest.mark.parametrize(
    "levels",
    [np.where(X < 0, 0, 9) - 5 * (X > 99), 255 - _rsilu(0.01, 0.25), np.full(X.shape, 3), _rsilu(0.01, 0.25)],
    ids=["up, then down", "up to a bump, then down", "one level", "dip of more steps than stand apart"],
)
def test_no_displacements(levels: np.ndarray) -> None:
    assert fit_midpoint(_compiled([levels]), 1, LOW, HIGH, 2) is None


def test_what_is_not_equal_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Were the displacements ever wrong, the last comparison would tell: here they are those of another function."""
    right = midpoint._Channel.thresholds

    def wrong(channel: midpoint._Channel, *arguments: int) -> tuple[np.ndarray, int]:
        found, cap = right(channel, *arguments)
        return np.where(np.arange(len(found)) == 99, found - 1, found), cap

    arguments = _compiled(SHAPES["jumps"][2:]), 1, LOW, HIGH, 1
    assert fit_midpoint(*arguments) is not None
    monkeypatch.setattr(midpoint._Channel, "thresholds", wrong)
    assert fit_midpoint(*arguments) is None
