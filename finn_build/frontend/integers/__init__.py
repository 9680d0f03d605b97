"""The integer compiler: a float QONNX network becomes integer layers and step functions, exact by evaluation."""

from finn_build.frontend.integers import (  # noqa: F401
    channels,
    convolutions,
    interpolation,
    layers,
    padding,
    pairs,
    pools,
    quantizers,
    reductions,
    reshapes,
    resizing,
    sums,
)
from finn_build.frontend.integers.compiler import IntegerNetwork, to_integers

__all__ = ["IntegerNetwork", "to_integers"]
