"""LUTs of a lane of one-bit weights, all in: popcounts, matrix-vector units, binary convolutions after open synthesis.

`python benchmarks/lanes.py` synthesises each design alone (Yosys, xc7, raw LUT cells; an op that was seen before comes
from the cache) and prints LUTs by lane, SIMD x PE. Weights lie in block RAM, as in every layer of some size.
"""

from __future__ import annotations

import usage  # isort: skip  # noqa: F401

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from onnx import helper
from qonnx.core.datatype import BaseDataType, DataType
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp
from qonnx.util.basic import qonnx_make_model
from record import record

import finn_build.dataflow.ops  # noqa: F401  (registers the ops)
from finn_build.arithmetic.datatypes import integer_range_dtype
from finn_build.dataflow.ops.base import DOMAIN
from finn_build.dataflow.ops.finn_op import RTL_DIR
from finn_build.evaluate.area import netlist_area
from finn_build.evaluate.synthesis import Job, netlist_of
from finn_build.rtl.stitch import stitch

_FOLDS = 4
_BIPOLAR = DataType["BIPOLAR"]
Parameter = tuple[np.ndarray, BaseDataType]
Row = tuple[str, int, str, str, str]


def popcount(simd: int) -> Row:
    """The popcount that a matrix-vector unit instantiates, agreement with its weights included."""
    with tempfile.TemporaryDirectory() as name:
        top = Path(name) / "popcount.v"
        top.write_text(
            f"`default_nettype none\nmodule popcount(input wire clk, input wire [{simd - 1}:0] x, w,\n"
            f"    output wire [{simd.bit_length() - 1}:0] count\n);\n"
            f"    sf_mvau_signs #(.SIMD({simd})) signs (.clk(clk), .en(1'b1), .x(x), .w(w), .count_q(count));\n"
            "endmodule\n`default_nettype wire\n"
        )
        return _row(f"popcount of {simd}, alone", netlist_of(Job("popcount", "xc7", _sources(top), Path(name))), simd)


def _sources(top: Path) -> list[Path]:
    return [*sorted(RTL_DIR.glob("*/sf_*.sv")), top]


def mvau(bits: int, simd: int, pe: int) -> Row:
    """Four folds both ways."""
    mw, mh, levels = _FOLDS * simd, _FOLDS * pe, 2**bits - 1
    attributes = {
        "MW": mw, "MH": mh, "SIMD": simd, "PE": pe, "numInputVectors": [1], "ram_style": "block",
        "inputDataType": "BIPOLAR" if bits == 1 else f"UINT{bits}", "weightDataType": "BIPOLAR",
        "outputDataType": integer_range_dtype(-mw * levels, mw * levels).name,
    }  # fmt: skip
    return _of_an_op(f"BitMVAU w1a{bits}, SIMD {simd}, PE {pe}", "BitMVAU_rtl", attributes, [_signs(mw, mh)], simd * pe)


def bitconv(simd: int, pe: int) -> Row:
    """3x3 over 14x14 pixels, four folds both ways, its input the shortcut, levels of four bits by search."""
    channels, rng = _FOLDS * max(simd, pe), np.random.default_rng(simd)
    reach = 9 * channels
    attributes = {
        "IFMDim": [14, 14], "IFMChannels": channels, "KernelDim": [3, 3], "Padding": [1, 1, 1, 1], "MH": channels,
        "SIMD": simd, "PE": pe, "Lanes": 1, "InLanes": 1, "inputDataType": "INT4", "shortcut": "own", "numSteps": 15,
        "accDataType": integer_range_dtype(-reach, reach).name, "outputDataType": "INT4", "outBias": -8,
        "ram_style": "block",
    }  # fmt: skip
    thresholds = np.sort(rng.integers(-reach // 2, reach // 2, (channels, 15)), axis=1)
    parameters = [
        (rng.integers(-7, 8, channels), DataType["INT4"]), _signs(reach, channels), (thresholds, DataType["INT32"]),
    ]  # fmt: skip
    return _of_an_op(f"BitConv, SIMD {simd}, PE {pe}", "BitConv_rtl", attributes, parameters, simd * pe)


def _signs(rows: int, columns: int) -> Parameter:
    return 2 * np.random.default_rng(rows).integers(0, 2, (rows, columns)) - 1, _BIPOLAR


def _of_an_op(name: str, kind: str, attributes: dict[str, Any], parameters: list[Parameter], lanes: int) -> Row:
    names = [f"parameter{k}" for k in range(len(parameters))]
    node = helper.make_node(
        kind, ["in0", *names], ["out0"], name="op_0", domain=DOMAIN, backend="fpgadataflow", **attributes
    )
    op = getCustomOp(node)
    ends = [
        helper.make_tensor_value_info(n, 1, s[0].shape)
        for n, s in (("in0", op.streams_in()), ("out0", op.streams_out()))
    ]
    model = ModelWrapper(qonnx_make_model(helper.make_graph([node], "lanes", ends[:1], ends[1:])))
    for parameter, (values, dtype) in zip(names, parameters, strict=True):
        model.set_initializer(parameter, values.astype(np.float32))
        model.set_tensor_datatype(parameter, dtype)
    with tempfile.TemporaryDirectory() as folder:
        design = stitch(model, Path(folder), connect=False)
        return _row(name, netlist_of(Job("op_0", "xc7", design.sources, design.mem_dir)), lanes, op.resources().lut)


def _row(name: str, netlist: dict[str, Any], lanes: int, estimate: int | None = None) -> Row:
    lut = netlist_area(netlist)["lut"]
    print(f"{name:34} {lut:6,} LUT, {lut / lanes:5.2f} a lane, estimate {estimate}", flush=True)
    return name, lanes, f"{lut:,}", f"{lut / lanes:.2f}", "" if estimate is None else f"{estimate:,}"


HEAD = ["unit, all in, weights in block RAM", "lanes", "LUT", "LUT a lane", "LUT, estimate", "wanted a lane"]
UNITS: tuple[tuple[Callable[..., Row], tuple[int, ...], float], ...] = (
    (popcount, (64,), 1.28),
    (mvau, (1, 64, 16), 1.5),
    (mvau, (1, 128, 16), 1.5),
    (mvau, (4, 64, 16), 5),
    (bitconv, (64, 16), 1.8),
    (bitconv, (128, 16), 1.8),
)

if __name__ == "__main__":
    for unit, sizes, wanted in UNITS:
        record(__file__, ["pyosys"], HEAD, [(*unit(*sizes), wanted)], "xc7, raw LUTs.", keep=True)
