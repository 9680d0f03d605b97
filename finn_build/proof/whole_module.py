"""Level 0 of a PyTorch module: PyTorch runs the whole of it, where level 1 executes its graph node by node."""

from __future__ import annotations

import numpy as np
from torch import nn

from finn_build.frontend.export import Taps, tapped, torch_taps
from finn_build.frontend.integers import IntegerNetwork
from finn_build.proof.last_sums import settle
from finn_build.proof.levels import Values, integers_of, output_of
from finn_build.proof.rounding import EDGE, may_be_rounded, told

_LEVEL = "level 0 (PyTorch)"


def module_values(
    model: nn.Module, network: IntegerNetwork, images: np.ndarray, reference: Values, taps: Taps | None = None
) -> tuple[Values, str]:
    """What every quantizer of the PyTorch module gives, and its outputs; then what is to be said of it.

    A level that differs from level 1 by one, of a sum that lies between both, is taken for equal; what follows is
    compared as if it were: the module runs again, each quantizer giving what level 1 has.

    Args:
        model: the module the graph was exported from.
        network: its integers.
        images: float32 [frames, C, H, W].
        reference: level 1.
        taps: where each tensor comes from in the module; None traces the module to find out.
    """
    taps = taps or tapped(model, images)
    found = _integers(network, torch_taps(model, images, taps), reference)
    known = [n for n, (path, _) in taps.items() if path and n in network.tensors and n in reference]
    compared = sum(reference[name].size for name in known)
    if all(np.array_equal(found[name], reference[name]) for name in known):
        return found, told(_LEVEL, settle(network, found, reference), compared)
    fed = {n: network.tensors[n].to_float(np.moveaxis(reference[n], -1, 1)) for n in known}
    found = _integers(network, torch_taps(model, images, taps, fed), reference)
    steps = {n: EDGE * network.tensors[n].to_float(np.ones_like(fed[n][:1], np.int64)) for n in known}
    beside = [torch_taps(model, images, taps, fed, {n: sign * v for n, v in steps.items()}) for sign in (-1, 1)]
    rounded = 0
    for name in known:
        other = found[name] != reference[name]
        if may_be_rounded(int(other.sum()), other.size):
            ends = [integers_of(network, name, values[name], reference) for values in beside]
            between = (ends[0] != ends[1]) & (np.abs(found[name] - reference[name]) == 1)
            if np.all(between[other]):
                found[name], rounded = reference[name], rounded + int(other.sum())
    rounded += settle(network, found, reference)
    return found, told(_LEVEL, rounded, compared)


def _integers(network: IntegerNetwork, made: Values, reference: Values) -> Values:
    """What the gate compares of a run's floats."""
    values: Values = {}
    for name, floats in made.items():
        if name in network.tensors:
            values[name] = integers_of(network, name, floats, reference)
        if name in network.tails:
            values |= output_of(network, name, floats, reference)
    return values
