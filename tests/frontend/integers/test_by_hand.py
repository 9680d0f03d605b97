"""Networks of a node or three: every value, and ranges that the images of theirs just reach."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from onnx import NodeProto
from qonnx.core.onnx_exec import execute_onnx

from sim.golden import IntegerModel
from tests.frontend.integers.by_hand import (
    DEEP,
    FOUR,
    HARD_SWISH,
    MAP,
    PAIRS,
    SIGNAL,
    SOME,
    SQUARE,
    STEP,
    Constants,
    compiled,
    drawing,
    images_of,
    indices,
    op,
    quantizer,
    sign,
    wide,
)  # fmt: skip

signs, whole = drawing()  # records hold what becomes of these
# nodes, constants, shape of the image, what is made, further options
Case = tuple[list[NodeProto], Constants, Sequence[int], str]
CASES: dict[str, Case] = {
    "split": (
        [op("Split", "q", "parts", to="a b", axis=1), op("Concat", "b", "a", axis=-3)],
        {"parts": indices(1, 3)}, (1, 4, 1, 2), "Gather Gather Concat",
    ),
    "slice against the order": (
        [op("Slice", "q", "from", "to", "axes", "steps")],
        {"from": indices(-1), "to": indices(-9), "axes": indices(-3), "steps": indices(-2)}, DEEP, "Gather",
    ),
    "slice of every dimension": (
        [op("Slice", "q", "from", "to")],
        {"from": indices(0, 1, 0, 1), "to": indices(1, 2, 2, 9)}, MAP, "Gather Pad",
    ),
    "slice of nothing": (
        [op("Slice", "q", "from", "to", "axes")],
        {"from": indices(0, 0), "to": indices(9, 9), "axes": indices(1, 3)}, MAP, "Gather",
    ),
    "crop": (
        [op("Slice", "q", "from", "to", "axes")],
        {"from": indices(1, 0), "to": indices(3, 2), "axes": indices(-1, -2)}, SQUARE, "Pad",
    ),
    "crop of a signal": (
        [op("Slice", "q", "from", "to", "axes")],
        {"from": indices(1), "to": indices(3), "axes": indices(2)}, SIGNAL, "Reshape Pad",
    ),
    "gather": ([op("Gather", "q", "i", axis=-3)], {"i": indices(-1, 0)}, (1, 4, 1, 2), "Gather"),
    "joined on one scale": (
        [op("Mul", "q", "half", to="a"), op("Concat", "a", "q", axis=1)],
        {"half": np.float32(0.5)}, MAP, "Mul Concat",
    ),
    "joined on scales that are no powers of two apart": (
        [op("Mul", "q", "three", to="a"), op("Concat", "a", "q", axis=1)],
        {"three": np.float32(3)}, MAP, "Concat",
    ),
    "joined averages": (
        [op("GlobalAveragePool", "q", to="a"), op("GlobalMaxPool", "q", to="b"), op("Concat", "a", "b", axis=1)],
        {}, MAP, "SumPool MaxPool Mul Concat",
    ),
    "convolution": ([op("Conv", "q", "w")], {"w": signs(3, 2, 2, 2)}, MAP, "Conv"),
    "convolution of a stride": ([op("Conv", "q", "w", strides=[2, 1])], {"w": signs(2, 1, 2, 2)}, SQUARE, "Conv"),
    "weights of four bits": ([wide(), op("Conv", "q", "wq")], {"w": whole(3, 2, 1, 2), **FOUR}, MAP, "Conv"),
    "weights on a scale by row": (
        [quantizer("w", "wq", "four", step="steps"), op("Conv", "q", "wq")],
        {"w": whole(2, 2, 1, 1), "steps": np.array([0.25, 0.5], np.float32).reshape(2, 1, 1, 1), **FOUR}, MAP, "Conv",
    ),
    "same, more behind": ([op("Conv", "q", "w", auto_pad="SAME_UPPER")], {"w": signs(2, 1, 2, 2)}, SQUARE, "Conv"),
    "same, more before": ([op("Conv", "q", "w", auto_pad="SAME_LOWER")], {"w": signs(2, 1, 2, 2)}, SQUARE, "Conv"),
    "same of a stride": (
        [op("Conv", "q", "w", auto_pad="SAME_UPPER", strides=[2, 2])], {"w": signs(2, 1, 2, 3)}, (1, 1, 4, 4), "Conv",
    ),
    "valid": ([op("Conv", "q", "w", auto_pad="VALID")], {"w": signs(2, 1, 2, 2)}, SQUARE, "Conv"),
    "uneven pads": ([op("Conv", "q", "w", pads=[0, 1, 1, 0])], {"w": signs(2, 1, 2, 2)}, SQUARE, "Conv"),
    "pads as large as the kernel": (
        [op("Conv", "q", "w", pads=[2, 0, 0, 0])], {"w": signs(2, 1, 2, 2)}, SQUARE, "Pad Conv",
    ),
    "pads as large as the kernel reaches": (
        [op("Conv", "q", "w", pads=[0, 2, 0, 2], dilations=[1, 2])], {"w": signs(2, 1, 2, 2)}, SQUARE, "Conv",
    ),
    "dilated": ([op("Conv", "q", "w", dilations=[2, 1])], {"w": signs(2, 1, 2, 2)}, SQUARE, "Conv"),
    "signal": ([op("Conv", "q", "w", pads=[1, 0], strides=[2])], {"w": signs(3, 2, 2)}, SIGNAL, "Reshape Conv"),
    "groups": (
        [op("Conv", "q", "w", group=2)], {"w": signs(4, 2, 1, 1)}, (1, 4, 1, 2), "Gather Conv Gather Conv Concat",
    ),
    "depthwise": ([op("Conv", "q", "w", group=2)], {"w": signs(2, 1, 2, 2)}, MAP, "Conv"),
    "depthwise, three sums a channel": (
        [op("Conv", "q", "w", group=2)], {"w": signs(6, 1, 2, 2)}, MAP, "Conv Conv Conv Concat Gather",
    ),
    "one group of one channel": ([op("Conv", "q", "w", group=1)], {"w": signs(3, 1, 2, 2)}, SQUARE, "Conv"),
    "padded before": (
        [op("Pad", "q", "pads", to="a"), op("Conv", "a", "w", pads=[1, 0, 0, 0])],
        {"pads": indices(0, 0, 0, 1, 0, 0, 0, 0), "w": signs(2, 1, 2, 2)}, SQUARE, "Conv",
    ),
    "padded before, and too much": (
        [op("Pad", "q", "pads", to="a"), op("Conv", "a", "w", pads=[1, 0, 0, 0])],
        {"pads": indices(0, 0, 1, 0, 0, 0, 0, 0), "w": signs(2, 1, 2, 2)}, SQUARE, "Pad Conv",
    ),
    "dense": (
        [op("Flatten", "q", to="a"), op("MatMul", "a", "w")], {"w": signs(8, 3)}, MAP, "Flatten MatMul",
    ),
    "dense, its weights turned": (
        [wide(), op("Transpose", "wq", to="wt"), op("Flatten", "q", to="a"), op("MatMul", "a", "wt")],
        {"w": whole(3, 8), **FOUR}, MAP, "Flatten MatMul",
    ),
    "dense, weights on a scale by row": (
        [quantizer("w", "wq", "four", step="steps"), op("Transpose", "wq", to="wt", perm=[1, 0]),
         op("Flatten", "q", to="a"), op("MatMul", "a", "wt")],
        {"w": whole(2, 8), "steps": np.array([[0.25], [0.5]], np.float32), **FOUR}, MAP, "Flatten MatMul",
    ),
    "dense, turned": (
        [op("Flatten", "q", to="a"), op("Gemm", "a", "w", transB=1, alpha=1.0, beta=1.0)],
        {"w": signs(3, 8)}, MAP, "Flatten MatMul",
    ),
    "dense, not turned": (
        [op("Flatten", "q", to="a"), op("Gemm", "a", "w", transB=0)], {"w": signs(8, 8)}, MAP, "Flatten MatMul",
    ),
    "dense, its weights negated and turned": (
        [sign("w", "wb"), op("Neg", "wb", to="wn"), op("Transpose", "wn", to="wt", perm=[1, 0]),
         op("Flatten", "q", to="a"), op("MatMul", "a", "wt")],
        {"w": signs(3, 8)}, MAP, "Flatten MatMul",
    ),
    "dense, weights on a scale by column": (
        [quantizer("w", "wq", "four", step="steps"), op("Flatten", "q", to="a"), op("MatMul", "a", "wq")],
        {"w": whole(8, 8), "steps": np.array([0.25, 0.5] * 4, np.float32), **FOUR}, MAP, "Flatten MatMul",
    ),
    "products of its views, by the host": (
        [op("MatMul", "q", "w", to="d"), op("Reshape", "d", "column", to="a"), op("Reshape", "d", "row", to="b"),
         op("MatMul", "a", "b")],
        {"w": signs(4, 4), "column": indices(1, 4, 1), "row": indices(1, 1, 4)}, (1, 4), "",
    ),
    "label": ([op("ArgMax", "q", axis=1)], {}, (1, 3, 1, 2), "ArgMax"),
    "label without its dimension": ([op("ArgMax", "q", axis=-3, keepdims=0)], {}, (1, 3, 1, 2), "ArgMax"),
    "average": ([op("AveragePool", "q", kernel_shape=[2, 2])], {}, SQUARE, "SumPool"),
    "average of a stride": ([op("AveragePool", "q", kernel_shape=[1, 2], strides=[2, 1])], {}, SQUARE, "SumPool"),
    "average with its padding": (
        [op("AveragePool", "q", kernel_shape=[2, 2], pads=[1, 0, 0, 1], count_include_pad=1)], {}, SQUARE, "SumPool",
    ),
    "average without its padding": ([op("AveragePool", "q", kernel_shape=[2, 2], pads=[0, 0, 1, 1])], {}, SQUARE, ""),
    "average, the last window beyond the edge": (
        [op("AveragePool", "q", kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1, count_include_pad=1)],
        {}, SQUARE, "",
    ),
    "padded by its own pixels": (
        [op("Pad", "q", "p", mode="reflect")], {"p": indices(0, 0, 1, 1, 0, 0, 0, 0)}, MAP, "",
    ),
    "average of the signal": ([op("AveragePool", "q", kernel_shape=[2], strides=[2])], {}, SIGNAL, "Reshape SumPool"),
    "average of what was padded": (
        [op("Pad", "q", "pads", to="a"), op("AveragePool", "a", kernel_shape=[2, 2])],
        {"pads": indices(0, 0, 0, 1, 0, 0, 1, 0)}, SQUARE, "SumPool",
    ),
    "global average": ([op("GlobalAveragePool", "q")], {}, MAP, "SumPool"),
    "mean": ([op("ReduceMean", "q", axes=[-1, 2])], {}, MAP, "SumPool"),
    "mean, flat": ([op("ReduceMean", "q", axes=[2, 3], keepdims=0)], {}, MAP, "SumPool"),
    "mean of a signal": ([op("ReduceMean", "q", axes=[2], keepdims=0)], {}, SIGNAL, ""),
    "sum": ([op("ReduceSum", "q", "axes", keepdims=0)], {"axes": indices(3, -2)}, MAP, "SumPool"),
    "largest": ([op("MaxPool", "q", kernel_shape=[2, 1], strides=[1, 2])], {}, SQUARE, "MaxPool"),
    "largest, padded": (
        [op("MaxPool", "q", kernel_shape=[2, 2], pads=[1, 0, 0, 1], strides=[2, 2])], {}, SQUARE, "MaxPool",
    ),
    "largest, the last window beyond the edge": (
        [op("MaxPool", "q", kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1)], {}, SQUARE, "MaxPool",
    ),
    "largest, dilated": ([op("MaxPool", "q", kernel_shape=[2, 2], dilations=[2, 1])], {}, SQUARE, "MaxPool"),
    "largest of a signal": (
        [op("MaxPool", "q", kernel_shape=[2], strides=[2], pads=[1, 1])], {}, SIGNAL, "Reshape MaxPool",
    ),
    "largest of all": ([op("GlobalMaxPool", "q")], {}, MAP, "MaxPool"),
    "largest of what was padded": (
        [op("Pad", "q", "pads", to="a"), op("MaxPool", "a", kernel_shape=[2, 2])],
        {"pads": indices(0, 0, 1, 0, 0, 0, 0, 1)}, SQUARE, "MaxPool|Pad MaxPool",
    ),
    "padded with a level": (
        [op("Pad", "q", "pads", "level")],
        {"pads": indices(0, 0, 0, 1, 0, 0, 2, 0), "level": np.float32(-STEP)}, MAP, "Pad",
    ),
    "padded with more than the greatest level": (
        [op("Add", "q", "more", to="a"), quantizer("a", "b", "four", signed=0), op("Pad", "b", "pads", "level")],
        {"more": np.float32(3 * STEP), "pads": indices(0, 0, 0, 0, 0, 0, 1, 0), "level": np.float32(9 * STEP), **FOUR},
        MAP, "",
    ),
    "average of what is never zero, padded at one side": (
        [op("Add", "q", "more", to="a"), quantizer("a", "b", "four"),
         op("AveragePool", "b", kernel_shape=[2, 2], pads=[1, 0, 0, 0], count_include_pad=1)],
        {"more": np.float32(3 * STEP), **FOUR}, MAP, "",
    ),
    "hard swish": (HARD_SWISH, PAIRS, MAP, ""),
    "padded with the least level": (
        [op("Pad", "q", "pads", "level")],
        {"pads": indices(0, 0, 0, 0, 0, 0, 0, 1), "level": np.float32(-2 * STEP)}, MAP, "Pad",
    ),
    "padded signal": ([op("Pad", "q", "pads")], {"pads": indices(0, 0, 1, 0, 0, 2)}, SIGNAL, "Reshape Pad"),
    "cropped by padding": (
        [op("Pad", "q", "pads")], {"pads": indices(0, 0, -1, 0, 0, 0, 0, -1)}, SQUARE, "Pad",
    ),
    "padded and cropped": (
        [op("Pad", "q", "pads")], {"pads": indices(0, 0, -1, 0, 0, 0, 0, 1)}, SQUARE, "Pad",
    ),
    "added": ([op("MaxPool", "q", kernel_shape=[1, 1], to="a"), op("Add", "q", "a")], {}, MAP, ""),
    "added on another scale": (
        [op("GlobalMaxPool", "q", to="b"), op("GlobalAveragePool", "q", to="a"), op("Add", "b", "a")],
        {}, MAP, "MaxPool SumPool Mul Add",
    ),
    "added on thirds": (
        [op("GlobalMaxPool", "q", to="a"), op("Mul", "a", "third", to="b"), op("GlobalMaxPool", "q", to="c"),
         op("Add", "b", "c", to="s"), quantizer("s", "y", "eight", step="fine")],
        {"third": np.float32(0.34), "eight": np.float32(8), "fine": np.float32(0.005)}, MAP, "",
    ),
    "product": (
        [op("GlobalMaxPool", "q", to="a"), op("Mul", "q", "a", to="p"), quantizer("p", "y", "four")],
        FOUR, MAP, "MaxPool Upsample Mul Add StepTable",
    ),
    "difference": (
        [op("GlobalMaxPool", "q", to="a"), op("Sub", "a", "q", to="p"), quantizer("p", "y", "four")],
        FOUR, MAP, "",
    ),
    "larger": (
        [op("Neg", "q", to="n"), op("Max", "q", "n", to="m"), quantizer("m", "y", "four")], FOUR, MAP, "",
    ),
    "signs": (
        [op("Conv", "q", "w", to="a"), sign("a", "s"), op("Conv", "s", "v")],
        {"w": signs(3, 2, 2, 1), "v": signs(2, 3, 1, 1)}, MAP, "Conv MultiThreshold Conv",
    ),
    "signs of what rises and falls": (
        [op("Conv", "q", "w", to="a"), op("Abs", "a", to="b"), op("Sub", "b", "half", to="c"), sign("c", "s"),
         op("Conv", "s", "v")],
        {"w": signs(2, 2, 2, 1), "v": signs(2, 2, 1, 1), "half": np.float32(0.5)}, MAP, "Conv StepTable Conv",
    ),
    "signs that are all +1": (
        [op("Conv", "q", "w", to="a"), op("Add", "a", "far", to="b"), sign("b", "s"), op("Conv", "s", "v")],
        {"w": signs(2, 2, 2, 1), "v": signs(2, 2, 1, 1), "far": np.float32(99)}, MAP, "Conv MultiThreshold Conv",
    ),
    "clipped, on its own scale": (
        [op("Clip", "q", "low", "high", to="a"), quantizer("a", "y", "four")],
        {"low": np.float32(-STEP), "high": np.float32(STEP), **FOUR}, MAP, "MultiThreshold",
    ),
    "as it was": (
        [op("Reshape", "q", "same", to="a"), op("Conv", "a", "w", to="b"), op("Reshape", "b", "made", to="c"),
         quantizer("c", "y", "four")],
        {"same": indices(1, 2, 2, 2), "made": indices(1, 3, 2, 2), "w": signs(3, 2, 1, 1), **FOUR}, MAP,
        "Conv MultiThreshold",
    ),
    "shuffle": (
        [op("Reshape", "q", "apart", to="a"), op("Transpose", "a", to="b", perm=[0, 2, 1, 3, 4]),
         op("Reshape", "b", "together")],
        {"apart": indices(1, 2, 4, 1, 1), "together": indices(1, 8, 1, 1)}, DEEP, "Gather",
    ),
    "flattened shuffle": (
        [op("Reshape", "q", "apart", to="a"), op("Transpose", "a", to="b", perm=[0, 2, 1, 3, 4]),
         op("Reshape", "b", "together")],
        {"apart": indices(1, 2, 2, 1, 2), "together": indices(1, 8)}, (1, 4, 1, 2), "Gather",
    ),
    "larger map": (
        [op("Resize", "q", "", "scales", mode="nearest", coordinate_transformation_mode="asymmetric",
            nearest_mode="floor")],
        {"scales": np.array([1, 1, 3, 2], np.float32)}, MAP, "Upsample",
    ),
    "half as large again, by rows": (
        [op("Resize", "q", "", "scales", mode="nearest")], {"scales": np.array([1, 1, 1.5, 1], np.float32)}, MAP,
        "Upsample Conv",
    ),
    "every other pixel": (
        [op("Resize", "q", "", "scales", mode="nearest", coordinate_transformation_mode="asymmetric",
            nearest_mode="floor")],
        {"scales": np.array([1, 1, 0.5, 0.5], np.float32)}, (1, 1, 2, 4), "Conv",
    ),
    "mean of channels": ([op("ReduceMean", "q", axes=[1])], {}, MAP, "Conv"),
    "sum of a signal's channels": ([op("ReduceSum", "q", "axes")], {"axes": indices(-2)}, SIGNAL, "Reshape Conv"),
    "greatest of channels": (
        [op("ReduceMax", "q", axes=[-3])], {}, (1, 5, 1, 2), " ".join(["Gather Gather Max"] * 3),
    ),
    "greatest of one channel": ([op("ReduceMax", "q", axes=[1])], {}, (1, 1, 2, 2), "Gather"),
    "channels of pixels": ([op("SpaceToDepth", "q", blocksize=2)], {}, (1, 2, 2, 4), "Conv Conv Conv Conv Concat"),
    "channels of pixels, PyTorch's": (
        [op("Reshape", "q", "apart", to="a"), op("Transpose", "a", to="b", perm=[0, 1, 3, 5, 2, 4]),
         op("Reshape", "b", "together")],
        {"apart": indices(1, 2, 1, 2, 2, 2), "together": indices(1, 8, 1, 2)}, (1, 2, 2, 4),
        "Conv Conv Conv Conv Concat Gather",
    ),
    "pixels of channels": ([op("DepthToSpace", "q", blocksize=2)], {}, DEEP, "DepthToSpace"),
    "pixels of channels, by column": (
        [op("DepthToSpace", "q", blocksize=2, mode="CRD")], {}, DEEP, "Gather DepthToSpace",
    ),
    "blocks": (
        [op("ConvTranspose", "q", "w", strides=[2, 2])], {"w": signs(2, 3, 2, 2)}, (1, 2, 1, 2), "Conv DepthToSpace",
    ),
    "spread": (
        [op("ConvTranspose", "q", "w", strides=[2, 2], pads=[1, 1, 1, 1], output_padding=[1, 0])],
        {"w": signs(1, 2, 3, 3)}, (1, 1, 2, 3), "Upsample Conv",
    ),
    "spread, one direction": (
        [op("ConvTranspose", "q", "w", strides=[2, 1], pads=[0, 1, 1, 0])],
        {"w": signs(1, 2, 2, 3)}, (1, 1, 2, 3), "Upsample Pad Conv",
    ),
    "spread further than the kernel": (
        [op("ConvTranspose", "q", "w", strides=[3, 3])], {"w": signs(1, 2, 2, 2)}, (1, 1, 2, 2), "Upsample Pad Conv",
    ),
    "turned kernel": (
        [op("ConvTranspose", "q", "w", pads=[0, 1, 1, 0])], {"w": signs(1, 2, 2, 2)}, SQUARE, "Conv",
    ),
    "blocks with padding": (
        [op("ConvTranspose", "q", "w", strides=[2, 2], pads=[1, 0, 0, 1])],
        {"w": signs(2, 2, 2, 2)}, (1, 2, 2, 2), "Upsample Pad Conv",
    ),
    "largest of functions of sums, by the host": (
        [op("Conv", "q", "w", to="a"), op("Sigmoid", "a", to="b"), op("MaxPool", "b", kernel_shape=[2, 1])],
        {"w": signs(2, 2, 1, 1)}, MAP, "Conv",
    ),
    "largest function of each channel, quantized": (
        [op("Conv", "q", "w", to="a"), op("Exp", "a", to="b"), op("GlobalMaxPool", "b", to="c"),
         quantizer("c", "y", "four")],
        {"w": signs(2, 2, 1, 1), **FOUR}, MAP, "Conv MultiThreshold MaxPool",
    ),
    "largest functions of windows of two sizes, quantized": (
        [op("Conv", "q", "w", to="a"), op("Exp", "a", to="b"),
         op("MaxPool", "b", kernel_shape=[1, 1], to="c"), op("MaxPool", "b", kernel_shape=[3, 3], pads=[1] * 4, to="d"),
         quantizer("c", "y0", "four"), quantizer("d", "y1", "four")],
        {"w": signs(2, 2, 1, 1), **FOUR}, MAP, "",
    ),
    "less than the largest around, by the host": (
        [op("Conv", "q", "w", to="a"), op("Exp", "a", to="b"),
         op("MaxPool", "b", kernel_shape=[3, 3], pads=[1] * 4, to="c"), op("Sub", "c", "b")],
        {"w": signs(2, 2, 1, 1)}, MAP, "Conv",
    ),
    "batch norms, nodes without names, of shuffled channels": (
        [op("Conv", "q", "w", to="a"), op("BatchNormalization", "a", "s", "b", "m", "v", to="c"),
         op("BatchNormalization", "c", "s", "b", "m", "v", to="d"), op("Reshape", "d", "apart", to="e"),
         op("Transpose", "e", to="f", perm=[0, 2, 1, 3, 4]), op("Reshape", "f", "together", to="g"),
         quantizer("g", "y", "four")],
        {"w": signs(4, 2, 2, 2), "s": np.array([1, -2, 0.3, 1], np.float32), "b": np.array([0, 0.4, -1, 1], np.float32),
         "m": np.array([0.2, -0.1, 0.5, 0], np.float32), "v": np.array([0.5, 1, 2, 0.3], np.float32),
         "apart": indices(1, 2, 2, 1, 1), "together": indices(1, 4, 1, 1), **FOUR}, MAP, "",
    ),
    **{
        f"{op_type} of what was padded": (
            [op("Pad", "q", "pads", to="a"), op(op_type, "a")], {"pads": indices(0, 0, 1, 0, 0, 0, 0, 1)}, SQUARE, "",
        )
        for op_type in ("GlobalMaxPool", "GlobalAveragePool")
    },
    **{
        f"{kind} of two scales": (
            [op("Conv", "q", "w", to="a"), quantizer("a", "b", "four", "wider"), quantizer("a", "c", "four"),
             op(kind, "b", "c", to="d"), quantizer("d", "y", "four")],
            {"w": signs(2, 2, 1, 1), "wider": np.float32(1.5 * STEP), **FOUR}, MAP, "",
        )
        for kind in ("Max", "Min")
    },
    "channels of two tensors in their places": (
        [op("Conv", "q", "w", to="a"), op("Conv", "q", "v", to="b"), op("Gather", "a", "first", to="c", axis=1),
         op("Gather", "b", "second", to="d", axis=1), op("Concat", "c", "d", axis=1)],
        {"w": signs(2, 2, 1, 1), "v": signs(2, 2, 1, 1), "first": indices(0), "second": indices(1)}, MAP, "",
    ),
}  # fmt: skip
LOOSE = {
    "average of what is never zero, padded at one side", "hard swish", "Max of two scales", "Min of two scales",
    "as it was", "signs", "signs of what rises and falls", "signs that are all +1", "difference",
    "largest functions of windows of two sizes, quantized", "largest function of each channel, quantized",
    "batch norms, nodes without names, of shuffled channels", "GlobalMaxPool of what was padded",
    "GlobalAveragePool of what was padded", "blocks with padding", "half as large again, by rows",
    "every other pixel",
}  # fmt: skip  # windows that never see all that their kernel could
SIGNED = {"padded with a level", "padded with the least level", "larger"}


@pytest.mark.parametrize(("name", "signed"), [(n, s) for n in CASES for s in (0, 1) if s or n not in SIGNED])
def test_values_and_ranges(name: str, signed: int, tmp_path: Path) -> None:
    nodes, constants, shape, made = CASES[name]
    bits = 1 + max(signed, int(np.prod(shape) <= 8))
    qonnx, network = compiled(tmp_path, shape, nodes, constants, bits, signed)
    assert not network.problems, network.problems
    images = images_of(shape, bits, signed)
    ints = IntegerModel(network.model).run(network.quantize_images(images), list(network.tensors)[1:])
    for output, tail in network.tails.items():
        got = network.to_network_output(output, ints[tail.source])
        for frame in np.random.default_rng(0).choice(len(images), 3):
            want = execute_onnx(qonnx, {"x": images[frame : frame + 1]})[output]
            assert np.array_equal(got[frame : frame + 1], want), (output, images[frame])
    for tensor in list(network.tensors.values())[1:]:
        axes = tuple(i for i in range(ints[tensor.name].ndim) if i != 1)
        least, most = ints[tensor.name].min(axis=axes), ints[tensor.name].max(axis=axes)
        assert (tensor.low <= least).all() and (most <= tensor.high).all()
        if len(images) > SOME and "spread" not in name and name not in LOOSE:
            assert (tensor.low == least).all() and (most == tensor.high).all(), tensor.name
    ops = " ".join(n.op_type for n in network.model.graph.node)
    assert not made or ops == (made.split("|") * 2)[signed]
