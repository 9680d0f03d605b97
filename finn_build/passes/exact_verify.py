"""Comparison of a graph with known outputs, for equality, failing the build."""

from collections.abc import Mapping

import numpy as np
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.core.onnx_exec import execute_onnx
from qonnx.transformation.base import Transformation

from finn_build.errors import GateError


class VerifyExactly(Transformation):
    """Execute the graph and require every expected tensor to be equal, element by element.

    FINN's `verify_step` accepts differences below its tolerances and only logs the verdict: no difference
    fails the build. As a step of FINN's builder: `lambda model, cfg: model.transform(VerifyExactly(inputs,
    expected))`.

    Args:
        inputs: Graph input name -> array [frames, ...], executed one frame at a time.
        expected: Tensor name, any tap of the graph -> array [frames, ...].

    Shapes: the graph is not changed.

    Raises:
        GateError: A tensor is missing, has another shape, or differs; names frame, index and both values.

    Source: FINN_NOTES.md, silent bug 6.
    """

    def __init__(self, inputs: Mapping[str, np.ndarray], expected: Mapping[str, np.ndarray]) -> None:
        super().__init__()
        frames = {len(array) for array in (*inputs.values(), *expected.values())}
        if len(frames) != 1 or not expected or frames == {0}:
            raise GateError(f"inputs and expected outputs hold {sorted(frames)} frames; legal: one common number > 0")
        self._inputs, self._expected, self._frames = inputs, expected, frames.pop()

    def apply(self, model: ModelWrapper) -> tuple[ModelWrapper, bool]:
        """Compare frame by frame."""
        for frame in range(self._frames):
            feed = {name: array[frame : frame + 1] for name, array in self._inputs.items()}
            context = execute_onnx(model, feed, return_full_exec_context=True)
            for name, array in self._expected.items():
                if name not in context:
                    raise GateError(f"tensor {name}: not in the graph; legal: {', '.join(sorted(context))}")
                _require_equal(name, frame, context[name], array[frame : frame + 1])
        return model, False


def _require_equal(name: str, frame: int, actual: np.ndarray, expected: np.ndarray) -> None:
    if actual.shape != expected.shape:
        raise GateError(f"tensor {name}, frame {frame}: shape {actual.shape}, expected {expected.shape}")
    wrong = np.argwhere(actual != expected)
    if len(wrong):
        index = tuple(int(i) for i in wrong[0])
        raise GateError(
            f"tensor {name}, frame {frame}, index {index}: got {actual[index]}, expected {expected[index]}; "
            f"{len(wrong)} of {actual.size} values differ"
        )
