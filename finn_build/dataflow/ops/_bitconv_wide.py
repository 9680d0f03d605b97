"""A BitConv in ops that take a whole window a beat: its signs, its window, its product and its steps."""

from __future__ import annotations

from math import prod

from onnx import NodeProto, helper

from finn_build.dataflow.ops._windowed import WINDOW
from finn_build.dataflow.ops.base import DOMAIN, StreamOp
from finn_build.dataflow.ops.finn_op import chip_of

_STEPS = ("numSteps", "outBias", "hasTable", "outputDataType")


def widened(op: StreamOp) -> list[NodeProto]:
    """These, where nothing else is in the unit: nothing is padded, nothing is added."""
    bare = op.attr("shortcut") == "none" and op.attr("sumScale") == 1
    places = prod(op.attr("KernelDim"))
    if not bare or any(op.attr("Padding")) or places == 1:
        return []
    node, result = op.onnx_node, op.streams_out()[0]
    signed = op.attr("inputDataType") != "BIPOLAR"
    weights, *steps = node.input[1 + signed :]
    end, vectors, channels = node.output[0], list(result.shape[:-1]), op.attr("IFMChannels")
    pixels = f"{end}_pixels" if signed else node.input[0]
    made = [
        helper.make_node(
            "WideSWG_rtl", [pixels], [f"{end}_windows"], name=f"{node.name}_SWG",
            **{name: op.attr(name) for name in WINDOW} | {"inputDataType": "BIPOLAR"},
        ),
        helper.make_node(
            "BitMVAU_rtl", [f"{end}_windows", weights], [f"{end}_sums"], name=f"{node.name}_MVAU",
            MW=places * channels, MH=op.attr("MH"), SIMD=1, PE=1, PixelChannels=channels, numInputVectors=vectors,
            inputDataType="BIPOLAR", weightDataType="BIPOLAR", outputDataType=op.attr("accDataType"),
        ),
        helper.make_node(
            "StepThresholding_rtl", [f"{end}_sums", *steps], [end], name=f"{node.name}_Thresholding", PE=1,
            NumChannels=op.attr("MH"), numInputVectors=vectors, inputDataType=op.attr("accDataType"),
            **{name: op.attr(name) for name in _STEPS},
        ),
    ]  # fmt: skip
    if signed:
        signs = helper.make_node(
            "StepThresholding_rtl", list(node.input[:2]), [pixels], name=f"{node.name}_Signs", PE=1, numSteps=1,
            NumChannels=channels, numInputVectors=[1, *op.attr("IFMDim")], inputDataType=op.attr("inputDataType"),
            outputDataType="BIPOLAR",
        )  # fmt: skip
        made.insert(0, signs)
    given = {"backend": "fpgadataflow"} | chip_of(op)
    for each in made:
        each.domain, each.doc_string = DOMAIN, node.doc_string
        each.attribute.extend(helper.make_attribute(name, value) for name, value in given.items())
    return made
