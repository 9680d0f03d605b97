"""The integer compiler: a float QONNX network becomes integer layers and step functions, exact by evaluation."""

from finn_build.frontend.integers.compilation import IntegerNetwork, to_integers

__all__ = ["IntegerNetwork", "to_integers"]
