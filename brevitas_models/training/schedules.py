"""How the learning rate goes over a step of training, as a share of its peak."""

import math
from collections.abc import Callable, Mapping

WARMUP_EPOCHS = 5
_RISE, _START = 0.3, 1 / 25


def cosine(epoch: float, epochs: int) -> float:
    """Linear over five epochs of warm-up (a tenth of short trainings), then a cosine to zero."""
    warmup = min(WARMUP_EPOCHS, epochs / 10)
    if epoch < warmup:
        return (epoch + 0.1) / (warmup + 0.1)
    return _fall((epoch - warmup) / (epochs - warmup))


def one_cycle(epoch: float, epochs: int) -> float:
    """Up from 1/25 along a cosine over 30% of the epochs, then down to zero, as torch's OneCycleLR.

    Source: Smith and Topin, super-convergence, [45] of the paper.
    """
    part = epoch / epochs
    if part < _RISE:
        return _START + (1 - _START) * _fall(1 - part / _RISE)
    return _fall((part - _RISE) / (1 - _RISE))


def _fall(part: float) -> float:
    """Half a cosine, from 1 at 0 to 0 at 1."""
    return 0.5 * (1 + math.cos(math.pi * part))


SCHEDULES: Mapping[str, Callable[[float, int], float]] = {"cosine": cosine, "one_cycle": one_cycle}
"""Each takes the time in epochs and the number of epochs."""
