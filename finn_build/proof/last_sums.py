"""Outputs that jump: which way a threshold or a label behind the last sums goes may be float32's rounding."""

from __future__ import annotations

import numpy as np

from finn_build.frontend.integers import IntegerNetwork
from finn_build.proof.levels import FLOAT_NOISE, Values, network_output, output_of
from finn_build.proof.rounding import EDGE

_TRIES = 16  # of rounding each of the last sums up or down


def settle(network: IntegerNetwork, found: Values, reference: Values) -> int:
    """Take for level 1's what it would give too, were the last sums a hundredth of a step more or less.

    Args:
        network: what is compared.
        found: level 0; its outputs are changed.
        reference: level 1.

    Returns:
        How many numbers were so taken.
    """
    settled = 0
    for name, tail in network.tails.items():
        tensors = {source: network.tensors[source] for source in tail.sources}
        if not tail.nodes or all(t.exact for t in tensors.values()) or not reference.keys() >= tensors.keys():
            continue
        given, wanted = network_output(found, name), network_output(reference, name)
        noise = FLOAT_NOISE * np.abs(wanted).max(initial=0)
        other, either = np.abs(given - wanted) > noise, np.zeros(given.shape, bool)
        if not other.any():
            continue
        rng = np.random.default_rng(0)
        ints = {source: np.moveaxis(reference[source], -1, 1) for source in tensors}
        for _ in range(_TRIES):
            signs = {source: rng.choice((-1, 1), ints[source].shape) for source in ints}
            sums = [t.to_float(ints[s]) + np.float32(EDGE) * t.to_float(signs[s]) for s, t in tensors.items()]
            either |= np.abs(tail(*sums) - given) <= noise
        found |= output_of(network, name, np.where(other & either, wanted, given), reference)
        settled += int(np.count_nonzero(other & either))
    return settled
