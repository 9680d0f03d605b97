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
    "every integer": [np.clip(X, 0, 255), 3 + np.clip(-X, -3, 252)],
}
FORMATS: dict[tuple[str, int], tuple[object, ...]] = {  # window, bits of spans and of displacements, what is mirrored
    ("rsilu", 5): ((-1213, 794), "a9887654", "55432111", [0, 0, 0], [6, 16, 0], [0, 0, 0], [804, 393, 480]),
    ("not all levels", 3): ((-759, 3944), "dcba9876", "88764322", [0, 0], [0, 6], [0, 0], [4136, 525]),
    ("jumps", 3): ((-31, 406), "98776543", "55432121", [0, 0, 0], [6, 0, 0], [0, 0, 0], [23, 21, 404]),
    ("constant beside", 3): ((-607, 398), "98876543", "55442111", [0, 0], [0, 6], [7, 0], [256, 421]),
    ("falls, and falls beside", 5): (
        (-1214, 793), "a9887654", "55531111", [1, 0, 1, 1], [6, 13, 0, 6], [0, 0, 0, 0], [401, 523, 50, 804],
    ),
    ("first value", 0): ((-2048, 2054), "4332", "0111", [0, 0], [0, 0], [0, 0], [1, 8]),
    ("every integer", 0): ((-4, 256), "98765432", "00000000", [0, 1], [0, 0], [0, 0], [256, 256]),
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_equal_on_every_integer(shape: str) -> None:
    """Whatever of the dip stands apart, unless it holds not all steps that go down."""
    levels = np.stack(SHAPES[shape], axis=1)
    fits = [fit_midpoint(_compiled(SHAPES[shape]), levels.shape[1], LOW, HIGH, bits) for bits in range(7)]
    assert fits[-1] is not None
    for fit in fits:
        if fit is not None:
            assert np.array_equal(fit(np.repeat(X[:, None], levels.shape[1], axis=1)), levels)


@pytest.mark.parametrize(("shape", "dip"), FORMATS)
def test_formats_stay(shape: str, dip: int) -> None:
    """Another format is another circuit for the same network."""
    fit = fit_midpoint(_compiled(SHAPES[shape]), len(SHAPES[shape]), LOW, HIGH, dip)
    assert fit is not None
    spans, bits = (
        "".join(f"{b:x}" for b in found)
        for found in (fit.span_bits(), [int(d.max() - d.min()).bit_length() for d in fit.displacements])
    )
    channels = [v.tolist() for v in (fit.mirrored, fit.turns, fit.floors, fit.caps)]
    assert (fit.window, spans, bits, *channels) == FORMATS[shape, dip]


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
