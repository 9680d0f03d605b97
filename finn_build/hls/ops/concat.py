"""StreamConcat for HLS."""

from math import prod

import numpy as np
from qonnx.core.datatype import DataType
from qonnx.core.modelwrapper import ModelWrapper

from finn_build.dataflow.ops.concat import StreamConcat_rtl
from finn_build.hls.kernel import Kernel, Loop, Memory, kind

_BIPOLAR = DataType["BIPOLAR"]


def kernel(op: StreamConcat_rtl, model: ModelWrapper) -> Kernel:
    """The input of each beat of a pixel; types and factors of the inputs."""
    out, inputs = op.streams_out()[0], op.streams_in()
    selection = np.asarray(op.attr("Selection"))[:: op.attr("PE")][:, None, None]
    constants: dict[str, int | str] = {
        "VECTORS": prod(op.attr("numInputVectors")),
        "FOLDS": len(selection),
        "PE": out.lanes,
        "OUT_BITS": out.dtype.bitwidth(),
    }
    kinds = ["sf::UNSIGNED" if s.dtype == out.dtype == _BIPOLAR else kind(s.dtype) for s in inputs]
    functions = [
        _chosen("sf::Kind", "kind", kinds),
        _chosen("int", "shift", [str(f.bit_length() - 1) for f in op.attr("Factors")]),
    ]
    select = Memory("select", selection, max(1, (len(inputs) - 1).bit_length()), shared_address=True)
    loop = Loop("concat", ("outs", "ins"), (), ["select"])
    return Kernel("concat", [loop], constants, [select], functions=functions)


def _chosen(result: str, name: str, values: list[str]) -> str:
    """A constant function of the input's number."""
    *others, last = values
    choice = "".join(f"input == {i} ? {value} : " for i, value in enumerate(others))
    return f"static constexpr {result} {name}(int input) {{ return {choice}{last}; }}"
