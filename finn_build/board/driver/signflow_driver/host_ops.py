"""The host's part of a network behind the accelerator: integers that leave to the network's outputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .description import Description, HostTail


def _softmax(x: np.ndarray, axis: int = -1) -> np.ndarray:
    powers = np.exp(x - x.max(axis=axis, keepdims=True))
    return powers / powers.sum(axis=axis, keepdims=True)


def _flatten(x: np.ndarray, axis: int = 1) -> np.ndarray:
    return x.reshape(int(np.prod(x.shape[:axis])), -1)


def _reshape(x: np.ndarray, shape: np.ndarray, allowzero: int = 0) -> np.ndarray:
    return x.reshape([x.shape[i] if d == 0 and not allowzero else int(d) for i, d in enumerate(shape)])


def _arg_max(x: np.ndarray, axis: int = 0, keepdims: int = 1, select_last_index: int = 0) -> np.ndarray:
    found = x.argmax(axis)
    return np.expand_dims(found, axis) if keepdims else found


OPS: dict[str, Callable[..., np.ndarray]] = {
    "Add": np.add,
    "Sub": np.subtract,
    "Mul": np.multiply,
    "Div": np.divide,
    "Neg": np.negative,
    "Identity": lambda x: x,
    "Relu": lambda x: np.maximum(x, np.float32(0)),
    "Sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "Tanh": np.tanh,
    "Exp": np.exp,
    "Softmax": _softmax,
    "LogSoftmax": lambda x, axis=-1: np.log(_softmax(x, axis)),
    "ArgMax": _arg_max,
    "Flatten": _flatten,
    "Reshape": _reshape,
    "Transpose": lambda x, perm=None: x.transpose(perm),
}


def leave(ints: dict[str, np.ndarray], tail: HostTail, description: Description) -> np.ndarray:
    """One output of the network, from the integers (N, C, ...) of the accelerator's outputs by tensor."""
    values = ints[tail.stream]
    scale = description.arrays[tail.scale]
    x = values.astype(np.float32) * (scale.reshape(-1, *(1,) * (values.ndim - 2)) if scale.ndim else scale)
    known: dict[str, Any] = {
        **description.arrays,
        tail.stream: x if tail.divisor == 1 else x / np.float32(tail.divisor),
    }
    last = tail.stream
    for step in tail.steps:
        last = step.output
        known[last] = OPS[step.op](*(known[name] for name in step.inputs), **step.attributes)
    return np.asarray(known[last])
