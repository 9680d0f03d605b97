"""The integer compiler: a float QONNX network becomes integer layers and step functions, exact by evaluation."""

from finn_build.frontend.integers import channels, layers, padding, pools, quantizers, reshapes, resizing  # noqa: F401
from finn_build.frontend.integers.compiler import IntegerNetwork, to_integers

__all__ = ["IntegerNetwork", "to_integers"]
