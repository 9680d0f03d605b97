"""The host's part of a network behind the accelerator: integers that leave to the network's outputs."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .description import Description, HostSource, HostTail
from .onnx_models import OnnxModel

Op = Callable[..., np.ndarray]
Bound = np.ndarray | float | None
_TYPES = {1: np.float32, 2: np.uint8, 3: np.int8, 6: np.int32, 7: np.int64, 9: np.bool_, 11: np.float64}  # of ONNX


def _softmax(x: np.ndarray, axis: int = -1) -> np.ndarray:
    powers = np.exp(x - x.max(axis=axis, keepdims=True))
    return powers / powers.sum(axis=axis, keepdims=True)


def _log_softmax(x: np.ndarray, axis: int = -1) -> np.ndarray:
    below = x - x.max(axis=axis, keepdims=True)
    return below - np.log(np.exp(below).sum(axis=axis, keepdims=True))


def _flatten(x: np.ndarray, axis: int = 1) -> np.ndarray:
    return x.reshape(int(np.prod(x.shape[:axis])), -1)


def _reshape(x: np.ndarray, shape: np.ndarray, allowzero: int = 0) -> np.ndarray:
    return x.reshape([x.shape[i] if d == 0 and not allowzero else int(d) for i, d in enumerate(shape)])


def _arg_max(x: np.ndarray, axis: int = 0, keepdims: int = 1, select_last_index: int = 0) -> np.ndarray:
    found = x.argmax(axis)
    return np.expand_dims(found, axis) if keepdims else found


def _clip(x: np.ndarray, low: Bound = None, high: Bound = None, min: Bound = None, max: Bound = None) -> np.ndarray:
    low, high = (low if min is None else min), (high if max is None else max)
    x = x if low is None else np.maximum(x, np.asarray(low, x.dtype))
    return x if high is None else np.minimum(x, np.asarray(high, x.dtype))


def _elu(x: np.ndarray, alpha: float = 1.0) -> np.ndarray:
    return np.where(x < 0, alpha * np.expm1(np.minimum(x, 0)), x)


def _erf(x: np.ndarray) -> np.ndarray:
    return np.vectorize(math.erf, otypes=[np.float64])(x).astype(x.dtype)


def _gelu(x: np.ndarray, approximate: str = "none") -> np.ndarray:
    if approximate == "tanh":
        return x * 0.5 * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x)))
    return x * 0.5 * (1 + _erf(x * math.sqrt(0.5)))


def _batch_norm(x: np.ndarray, scale: np.ndarray, *bias_mean_var: np.ndarray, epsilon: float = 1e-5) -> np.ndarray:
    shape = (-1, *(1,) * (x.ndim - 2))
    scale, bias, mean, var = (v.reshape(shape) for v in (scale, *bias_mean_var))
    return (x - mean) / np.sqrt(var + np.float32(epsilon)) * scale + bias


def _quantize(x: np.ndarray, scale: np.ndarray, zero: np.ndarray | None = None, axis: int = 1) -> np.ndarray:
    if zero is None:
        zero = np.zeros((), np.uint8)
    along = (-1, *(1,) * (x.ndim - 1 - axis % x.ndim)) if scale.size > 1 else ()
    ends = np.iinfo(zero.dtype)
    whole = np.rint(x / scale.reshape(along)).astype(np.int64) + zero.reshape(along)
    return whole.clip(ends.min, ends.max).astype(zero.dtype)


def _softplus(x: np.ndarray) -> np.ndarray:
    return np.logaddexp(x, np.float32(0))


_MATHS: dict[str, Op] = {
    "Abs": np.abs,
    "Add": np.add,
    "And": np.logical_and,
    "Ceil": np.ceil,
    "Div": np.divide,
    "Equal": np.equal,
    "Exp": np.exp,
    "Floor": np.floor,
    "Greater": np.greater,
    "GreaterOrEqual": np.greater_equal,
    "Identity": lambda x: x,
    "Less": np.less,
    "LessOrEqual": np.less_equal,
    "Log": np.log,
    "Max": lambda *x: functools.reduce(np.maximum, x),
    "Min": lambda *x: functools.reduce(np.minimum, x),
    "Mul": np.multiply,
    "Neg": np.negative,
    "Not": np.logical_not,
    "Or": np.logical_or,
    "Pow": lambda x, power: np.power(x, power).astype(x.dtype),
    "Reciprocal": lambda x: 1 / x,
    "Round": np.rint,
    "Sign": np.sign,
    "Sqrt": np.sqrt,
    "Sub": np.subtract,
    "Tanh": np.tanh,
    "Where": np.where,
}
_ACTIVATIONS: dict[str, Op] = {
    "BatchNormalization": _batch_norm,
    "Celu": lambda x, alpha=1.0: np.maximum(x, 0) + np.minimum(0, alpha * np.expm1(x / alpha)),
    "Clip": _clip,
    "Dropout": lambda x, *_, **__: x,
    "Elu": _elu,
    "Erf": _erf,
    "Gelu": _gelu,
    "HardSigmoid": lambda x, alpha=0.2, beta=0.5: np.clip(alpha * x + beta, 0, 1),
    "HardSwish": lambda x: x * np.clip(x / 6 + 0.5, 0, 1),
    "LeakyRelu": lambda x, alpha=0.01: np.where(x < 0, np.float32(alpha) * x, x),
    "LogSoftmax": _log_softmax,
    "Mish": lambda x: x * np.tanh(_softplus(x)),
    "QuantizeLinear": _quantize,
    "PRelu": lambda x, slope: np.where(x < 0, slope * x, x),
    "Relu": lambda x: np.maximum(x, np.float32(0)),
    "Selu": lambda x, alpha=1.67326319, gamma=1.05070102: gamma * _elu(x, alpha),
    "Sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "Softmax": _softmax,
    "Softplus": _softplus,
    "Softsign": lambda x: x / (1 + np.abs(x)),
    "ThresholdedRelu": lambda x, alpha=1.0: np.where(x > alpha, x, np.float32(0)),
}
_MOVES: dict[str, Op] = {
    "ArgMax": _arg_max,
    "Cast": lambda x, to, saturate=1: x.astype(_TYPES[to]),
    "Flatten": _flatten,
    "Reshape": _reshape,
    "Transpose": lambda x, perm=None: x.transpose(perm),
}
OPS: dict[str, Op] = _MATHS | _ACTIVATIONS | _MOVES


class Leaving:
    """From the accelerator's integers to the network's outputs; the models of ONNX Runtime are loaded once.

    Raises:
        DriverError: one needs ONNX Runtime, which is not there.
    """

    def __init__(self, description: Description):
        self._description, arrays = description, description.arrays
        self._models = {tail.name: OnnxModel(arrays[tail.model]) for tail in description.tails if tail.model}

    def __call__(self, ints: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Outputs by name, from the integers (N, C, ...) of the accelerator's outputs by tensor."""
        return {tail.name: self._output(ints, tail) for tail in self._description.tails}

    def _scaled(self, ints: dict[str, np.ndarray], source: HostTail | HostSource) -> np.ndarray:
        values, scale = ints[source.stream], self._description.arrays[source.scale]
        x = values.astype(np.float32) * (scale.reshape(-1, *(1,) * (values.ndim - 2)) if scale.ndim else scale)
        return x if source.divisor == 1 else x / np.float32(source.divisor)

    def _output(self, ints: dict[str, np.ndarray], tail: HostTail) -> np.ndarray:
        arrays, x = self._description.arrays, self._scaled(ints, tail)
        if tail.model:
            return self._models[tail.name](x, *(self._scaled(ints, other) for other in tail.beside))
        known: dict[str, Any] = {"": None, **arrays, tail.stream: x}  # an input that is left out has no name
        last = tail.stream
        for step in tail.steps:
            last = step.output
            known[last] = OPS[step.op](*(known[name] for name in step.inputs), **step.attributes)
        return np.asarray(known[last])
