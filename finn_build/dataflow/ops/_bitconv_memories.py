"""Contents of a BitConv's memories."""

from __future__ import annotations

import numpy as np
from qonnx.core.modelwrapper import ModelWrapper

from finn_build.dataflow.ops._bitconv_parts import BIPOLAR, BitConvParts
from finn_build.dataflow.ops._memory import hex_words, lane_files
from finn_build.errors import ConfigError


def memory_files(op: BitConvParts, model: ModelWrapper) -> dict[str, list[str]]:
    """Weights by beat; thresholds of the signs; by lane thresholds by search node and levels, or lines."""
    node, names = op.onnx_node.name, op.onnx_node.input[len(op.streams_in()) :]
    values = [model.get_initializer(n).astype(np.int64) for n in names]
    signs = values.pop(0) if op.sign_steps else None
    (sf, nf), pe, simd = op.folding, op.attr("PE"), op.attr("SIMD")
    by_beat = values[0].T.reshape(nf, pe, sf, simd).transpose(0, 2, 1, 3)
    files = {f"{node}_weight.mem": hex_words((by_beat > 0).astype(np.int64).reshape(nf * sf, -1), 1)}
    if signs is not None:
        x = op.streams_in()[0]
        codes = np.clip(signs.reshape(-1) - int(x.dtype.min()), 0, 2 ** x.dtype.bitwidth())
        files[f"{node}_sign.mem"] = hex_words(codes.reshape(-1, x.lanes), x.dtype.bitwidth() + 1)
    images = _lines(op, model) if op.attr("affineSteps") else _searched(op, *values[1:])
    return files | lane_files(node, op.attr("Lanes"), op.lane_memories, images)


def _lines(op: BitConvParts, model: ModelWrapper) -> dict[str, np.ndarray]:
    """Knees, and the lines {D, A} on both sides of them, [channels, words of one]."""
    node = op.onnx_node.name
    fit = op.fit_affine(model, (op.attr("affineFraction"),))
    widths = [int(b) for b in op.attr("affineBits")]
    if fit is None or any(needed > given for needed, given in zip(fit.widths, widths, strict=True)):
        raise ConfigError(f"{node}: affineSteps=1, but no lines of {widths} bits give these steps; legal: 0")
    a, d = np.moveaxis(fit.lines.reshape(len(fit.knees), 2, 2), 2, 0)
    return {"step": fit.knees[:, None], "table": (d << widths[0]) + (a & ((1 << widths[0]) - 1))}


def _searched(op: BitConvParts, thresholds: np.ndarray, *table: np.ndarray) -> dict[str, np.ndarray]:
    """Thresholds in the order of the search tree, root at node 1, and levels, [channels, words of one]."""
    images = {"step": _tree(op, thresholds)}
    if table:  # counts beyond the steps never occur
        images["table"] = np.zeros((len(table[0]), 2**op.stages), np.int64)
        bipolar = op.streams_out()[0].dtype == BIPOLAR
        images["table"][:, : table[0].shape[1]] = (table[0] + 1) // 2 if bipolar else table[0]
    return images


def _tree(op: BitConvParts, thresholds: np.ndarray) -> np.ndarray:
    stages, bits = op.stages, op.total.bitwidth()
    codes = np.full((len(thresholds), 2**stages - 1), 2**bits, np.int64)  # never reached
    codes[:, : thresholds.shape[1]] = np.clip(thresholds + 2 ** (bits - 1), 0, 2**bits)
    tree = np.zeros((len(thresholds), 2**stages), np.int64)
    for stage in range(stages):
        half = 2 ** (stages - 1 - stage)
        tree[:, 2**stage : 2 ** (stage + 1)] = codes[:, half - 1 :: 2 * half]
    return tree if stages > 1 else tree[:, 1:]
