"""Parts of a network that the host runs through ONNX Runtime: what NumPy has no operation for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .errors import DriverError


class OnnxModel:
    """A model of one output, run frame by frame: operations may take a batch for something else.

    Args:
        model: the bytes of the file, uint8 [n].

    Raises:
        DriverError: there is no ONNX Runtime.
    """

    def __init__(self, model: np.ndarray):
        try:
            import onnxruntime
        except ImportError as error:
            raise DriverError(
                "this network's host part needs ONNX Runtime: pip install onnxruntime, or signflow-driver[onnx]"
            ) from error
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL  # as the gate runs it
        providers = ["CPUExecutionProvider"]
        self._session: Any = onnxruntime.InferenceSession(model.tobytes(), options, providers=providers)
        self._inputs = [given.name for given in self._session.get_inputs()]

    def __call__(self, *values: np.ndarray) -> np.ndarray:
        """Float32 (N, ...) for each input to what the model gives for each frame, (N, ...)."""
        feeds = [dict(zip(self._inputs, frame, strict=True)) for frame in zip(*map(_frames, values), strict=True)]
        return np.concatenate([self._session.run(None, given)[0] for given in feeds])


def _frames(values: np.ndarray) -> Iterator[np.ndarray]:
    return (values[k : k + 1].astype(np.float32, copy=False) for k in range(len(values)))
