"""What users of Brevitas write between convolutions: built exactly, or listed with a cure."""

from pathlib import Path

import pytest
import torch
from torch.nn import functional as F

from tests.frontend.integers.brevitas_styles import Styles, Tail, attended, check, imported, shuffled, swapped

EXACT: dict[str, tuple[Tail, str]] = {
    "mean": (lambda m, x: m.dense(m.q(x.mean((2, 3)))), "SumPool MultiThreshold MatMul"),
    "mean and sum": (lambda m, x: (x.mean((2, 3), keepdim=True), x.sum((2, 3))), "SumPool SumPool"),
    "pooled, flattened": (lambda m, x: m.dense(m.q(F.adaptive_avg_pool2d(x, 1)).flatten(1)), ""),
    "mean straight to dense": (lambda m, x: m.dense(F.dropout(m.q(x), 0.5, m.training).mean((2, 3))), ""),
    "flat output": (lambda m, x: F.adaptive_max_pool2d(m.q(x), 1).flatten(1), ""),
    "image as output": (lambda m, x: (m.q(x), m.one(m.q(x)).flatten(1)), ""),
    "padded average": (lambda m, x: m.q(F.avg_pool2d(x, 3, 2, 1)), "SumPool MultiThreshold"),
    "zero padding, then a convolution": (lambda m, x: m.three(F.pad(m.q(x), (1, 2, 0, 1))), "MultiThreshold Conv"),
    "zero padding, then a max pool": (lambda m, x: m.one(F.max_pool2d(F.pad(m.u(x), (1, 0, 1, 0)), 3, 2)), ""),
    "label of biased logits, on the host": (lambda m, x: (x.mean((2, 3)) + 0.25).argmax(1), "SumPool"),
    "label, on chip": (lambda m, x: m.q(x.mean((2, 3))).argmax(1, keepdim=True), "SumPool MultiThreshold ArgMax"),
    "label of every pixel": (lambda m, x: x.argmax(1), "ArgMax"),
    "crop": (lambda m, x: m.one(m.q(x)[:, :, 1:]), "MultiThreshold Pad Conv"),
    "resize": (lambda m, x: m.one(F.interpolate(m.q(x), size=(16, 24))), "MultiThreshold Upsample Conv"),
    "linear resize": (
        lambda m, x: m.one(m.q(F.interpolate(m.q(x), scale_factor=2, mode="bilinear"))),
        "MultiThreshold Pad Upsample Pad Conv MultiThreshold Conv",
    ),
    "linear resize of sums, straight to a layer": (
        lambda m, x: m.one(F.interpolate(m.u(x), size=(32, 8), mode="bilinear")),
        "MultiThreshold Pad Upsample Pad Conv Conv",
    ),
    "signals resized": (
        lambda m, x: m.line(
            F.interpolate(F.interpolate(m.q(x).flatten(2), scale_factor=2), scale_factor=4, mode="linear")
        ),
        "",
    ),
    "linear resize by the host": (
        lambda m, x: F.interpolate(m.q(x), scale_factor=2, mode="bilinear"),
        "MultiThreshold",
    ),
    "padding of sums": (lambda m, x: m.one(m.q(F.pad(x, (1, 1, 1, 1)))), "Pad MultiThreshold Conv"),
    "wide padding": (lambda m, x: m.three(F.pad(m.q(x), (4, 4, 4, 4))), "MultiThreshold Pad Conv"),
    "depthwise": (lambda m, x: m.grouped(m.q(x)), "MultiThreshold Conv"),
    "depthwise, two sums a channel": (lambda m, x: m.twice(m.q(x)), "MultiThreshold Conv Conv Concat Gather"),
    "grouped": (lambda m, x: m.thirds(m.q(x)), "MultiThreshold Gather Conv Gather Conv Gather Conv Concat"),
    "dilated": (lambda m, x: m.dilated(m.q(x)), "MultiThreshold Conv"),
    "transposed": (lambda m, x: m.transposed(m.q(x)), "MultiThreshold Conv DepthToSpace"),
    "pixel shuffle": (
        lambda m, x: m.one(F.pixel_shuffle(torch.cat([m.q(x)] * 4, 1), 2)),
        "MultiThreshold Concat Gather DepthToSpace Conv",
    ),
    "moved output": (lambda m, x: x.permute(0, 2, 3, 1), ""),
    "quantized bias": (lambda m, x: m.bias8(m.q(x)), ""),
    "bias on the scale of the sums": (lambda m, x: m.bias16(m.qt(x)), ""),
    "accumulators added": (lambda m, x: x + F.relu(x), ""),
    "split and joined": (
        lambda m, x: m.one(swapped(*m.q(x).split((2, 4), 1))),
        "MultiThreshold Gather Gather Concat Conv",
    ),
    "chunks": (lambda m, x: m.one(torch.cat(m.q(x).chunk(3, 1)[::-1], 1)), ""),
    "slices": (lambda m, x: m.one(torch.cat((m.q(x)[:, 1::2], F.max_pool2d(m.u(x), 3, 1, 1)[:, :3]), 1)), ""),
    "channels by number": (lambda m, x: m.one(m.q(x)[:, [5, 0, 2, 4, 1, 3]]), "MultiThreshold Gather Conv"),
    "shuffle": (lambda m, x: m.one(shuffled(m.q(x), 3)), "MultiThreshold Gather Conv"),
    "shuffle of scaled values": (lambda m, x: m.one(shuffled(m.q(x) * 0.5, 2)), "MultiThreshold Gather Conv"),
    "shuffle, flat": (
        lambda m, x: m.dense(shuffled(m.q(x.mean((2, 3), keepdim=True)), 2, flat=True)),
        "SumPool MultiThreshold Gather MatMul",
    ),
    "shuffled output": (lambda m, x: shuffled(m.q(x), 2), "MultiThreshold Gather"),
    "shuffled features": (
        lambda m, x: m.dense(shuffled(m.q(x.mean((2, 3))), 2)),
        "SumPool MultiThreshold Gather MatMul",
    ),
    "shuffle of floats": (lambda m, x: m.q(shuffled(x + 0.3, 2)), "Gather MultiThreshold"),
    "scales joined": (
        lambda m, x: m.one(swapped(m.q(x)[:, :2], 0.25 * m.q(x)[:, 2:])),
        "MultiThreshold Gather Gather Mul Concat Conv",
    ),
    "a pool joined": (
        lambda m, x: m.one(torch.cat((F.avg_pool2d(m.q(x), 2)[:, :4], F.max_pool2d(m.q(x), 2)[:, 4:]), 1)),
        "",
    ),
    "joined on several scales, quantized": (
        lambda m, x: m.q(torch.cat((x * 0.75, F.relu(m.u(x))), 1)),
        "MultiThreshold Concat MultiThreshold",
    ),
    "relu of levels": (lambda m, x: m.one(F.relu(m.q(x))), "MultiThreshold MultiThreshold Conv"),
    "relu of levels, pooled": (
        lambda m, x: m.one(F.max_pool2d(F.hardtanh(m.q(x), -0.5, 0.5), 2)),
        "MultiThreshold MultiThreshold MaxPool Conv",
    ),
    "product of two": (lambda m, x: m.q(m.u(x) * m.q(x)), "MultiThreshold MultiThreshold Mul Add StepTable"),
    "larger of two": (lambda m, x: m.one(m.q(torch.maximum(m.u(x), -m.q(x)))), ""),
    "squeeze and excite": (lambda m, x: m.one(m.q(m.u(x) * m.q(torch.sigmoid(x.mean((2, 3), keepdim=True))))), ""),
    "product of 8 bits": (
        lambda m, x: m.q(m.eight(x) * m.eight(x + 1)),
        "MultiThreshold MultiThreshold Mul MultiThreshold",
    ),
    "difference of 8 bits": (
        lambda m, x: m.q(m.eight(x) - m.u(x)),
        "MultiThreshold MultiThreshold Mul Add MultiThreshold",
    ),
    "lesser of 8 bits": (
        lambda m, x: m.q(torch.minimum(m.eight(x), m.eight(2 * x))),
        "MultiThreshold MultiThreshold Min MultiThreshold",
    ),
    "gates by dense layers": (
        lambda m, x: m.one(m.q(m.eight(x) * m.eight(m.gates(m.q(x.mean((2, 3)))))[:, :, None, None])),
        "",
    ),
    "signals times a number for each channel": (
        lambda m, x: m.line(m.q(m.u(x).flatten(2) * m.q(torch.sigmoid(x.mean((2, 3), keepdim=True))).flatten(2))),
        "",
    ),
    "signal out of a map": (lambda m, x: m.line(m.q(x).flatten(2)), "MultiThreshold Reshape Reshape Conv"),
    "split of activated sums": (
        lambda m, x: m.one(swapped(m.q(F.relu(x + 0.3)[:, :2]), m.q(F.silu(x - 0.1)[:, 2:]))),
        "Gather Gather MultiThreshold MultiThreshold Concat Conv",
    ),
    "flattened sums": (lambda m, x: m.dense(m.q(F.relu(F.max_pool2d(x, 8) + 0.1).flatten(1))), ""),
    "shuffled pixels of activated sums": (
        lambda m, x: m.q(F.pixel_shuffle(torch.cat((x, x[:, :2]), 1) + 0.3, 2)),
        "",
    ),
    "ceil mode without effect": (
        lambda m, x: (F.max_pool2d(m.q(x), 2, ceil_mode=True), F.avg_pool2d(m.q(x), 2, ceil_mode=True)),
        "MultiThreshold MaxPool SumPool",
    ),
    "ceil mode": (lambda m, x: m.one(F.max_pool2d(m.q(x), 3, 2, ceil_mode=True)), "MultiThreshold MaxPool Conv"),
    "zero padding, then a max pool of both signs": (
        lambda m, x: m.one(F.max_pool2d(F.pad(m.q(x), (1, 0, 1, 0)), 3, 2)),
        "MultiThreshold Pad MaxPool Conv",
    ),
    "padding wider than the kernel": (lambda m, x: m.wide(m.q(x)), "MultiThreshold Pad Conv"),
    "padded with +1": (
        lambda m, x: m.three(F.pad(m.sign(x), (1, 1, 1, 1), value=1.0)),
        "MultiThreshold Pad Conv",
    ),
    "padded with a level": (
        lambda m, x: m.three(F.pad(m.unit(x), (0, 1, 2, 0), value=-0.25)),
        "MultiThreshold Pad Conv",
    ),
    "truncating pool": (lambda m, x: m.one(m.trunc(m.qt(x))), "MultiThreshold SumPool MultiThreshold Conv"),
    "truncating pool, rounded": (lambda m, x: m.one(m.round(m.qt(x))), "MultiThreshold SumPool MultiThreshold Conv"),
    "uneven averages": (
        lambda m, x: m.q(F.avg_pool2d(x, (2, 3), (1, 2), (1, 1), count_include_pad=False)),
        "SumPool MultiThreshold",
    ),
    "padded with its own pixels": (
        lambda m, x: m.q(F.pad(F.pad(F.relu(x + 0.1), (2, 1, 0, 3), mode="reflect"), (0, 9, 1, 1), mode="replicate")),
        "Pad Pad MultiThreshold",
    ),
    "clipped between levels": (
        lambda m, x: m.one(m.unit(x).clamp(-0.375, 0.375)),
        "MultiThreshold MultiThreshold Conv",
    ),
    "greatest pixel": (lambda m, x: m.one(m.q(x).amax((2, 3), keepdim=True)), "MultiThreshold MaxPool Conv"),
    "greatest pixel, flat": (lambda m, x: m.dense(m.q(x).amax((2, 3))), "MultiThreshold MaxPool MatMul"),
    "mean of the rows, then a signal": (
        lambda m, x: m.line(m.q(x.mean(2))),
        "SumPool Reshape MultiThreshold Reshape Conv",
    ),
    "mean of the columns": (lambda m, x: m.one(m.q(x.mean(-1, keepdim=True))), "SumPool MultiThreshold Conv"),
    "greatest of the columns, then a signal": (lambda m, x: m.line(m.q(x).amax(3)), ""),
    "sum of the padded rows": (lambda m, x: m.one(m.q(F.pad(x, (1, 2, 0, 1)).sum(2, keepdim=True))), ""),
    "ReLU of a sum": (
        lambda m, x: m.one(F.relu(m.q(x) + F.max_pool2d(m.q(x), 3, 1, 1))),
        "MultiThreshold MaxPool Add MultiThreshold Conv",
    ),
    "recurrent layer on the host": (lambda m, x: m.lstm(m.q(x).flatten(2).transpose(1, 2))[0][:, -1], "MultiThreshold"),
    "movement at the end": (lambda m, x: m.one(m.q(x).permute(0, 1, 3, 2)), "MultiThreshold"),
    "dense layer for each place": (lambda m, x: m.dense(m.q(x).flatten(2).transpose(1, 2)), "MultiThreshold"),
    "two sizes, by the host": (
        lambda m, x: torch.cat((m.one(m.q(x)).flatten(2), m.three(m.q(x)).flatten(2)), 2),
        "MultiThreshold Conv Conv",
    ),
    "mean of what is not quantized, and what is behind it": (
        lambda m, x: m.dense(m.q(F.silu(x).mean((2, 3)))),
        "",
    ),
    "attention on the host": (lambda m, x: attended(m.q(x).flatten(2).transpose(1, 2)).sum(1), "MultiThreshold"),
    "dense layer, then a map": (
        lambda m, x: m.next(m.q(F.relu(m.norm(m.grow(m.u(x.mean((2, 3)))).reshape(-1, 5, 4, 3))))),
        "SumPool MultiThreshold MatMul Reshape MultiThreshold Conv",
    ),
    "a pool added": (
        lambda m, x: m.q(F.avg_pool2d(m.q(x), 2) * 16.0 + F.max_pool2d(m.q(x), 2)),
        "MultiThreshold SumPool MaxPool Mul Add MultiThreshold",
    ),
}


@pytest.mark.parametrize("style", EXACT)
def test_exact(tmp_path: Path, style: str) -> None:
    tail, ops = EXACT[style]
    network = check(Styles(tail), (3, 8, 8), tmp_path / "net.onnx")
    made = " ".join(n.op_type for n in network.model.graph.node if n.op_type != "Flatten")
    assert not ops or made == f"Conv {ops}"


LISTED: dict[str, tuple[Tail, list[str]]] = {
    "several": (
        lambda m, x: (m.q(m.grown(m.q(x))), m.q(torch.cat((m.q(x), m.q(x)), 2))),
        ["grown: a grouped transposed convolution (group=3)", "/Concat: a concat of other dimensions"],
    ),
    "join of floats": (lambda m, x: m.q(torch.cat((m.q(x), F.relu(x)), 1)), ["/Concat: an operand of the concat"]),
    "join of rows": (lambda m, x: m.q(torch.cat((m.q(x), m.q(x)), 2)), ["/Concat: a concat of other dimensions"]),
    "smooth resize": (
        lambda m, x: m.one(F.interpolate(m.q(x), scale_factor=2, mode="bilinear", align_corners=True)),
        ["/Resize: a resize that neither repeats pixels as blocks nor is linear between their centres"],
    ),
    "thirds of pixels": (
        lambda m, x: m.one(F.interpolate(m.q(x), scale_factor=(1, 3), mode="bilinear")),
        ["/Resize: linear interpolation, 1 times as high and 3 times as wide"],
    ),
    "padding of signs": (
        lambda m, x: m.three(F.pad(m.sign(x), (4, 4, 4, 4))),
        ["three: zero padding of values that are -1 or +1"],
    ),
    "power as output": (lambda m, x: m.u(x) ** m.q(x), ["22: this output joins two tensors"]),
    "float weights": (lambda m, x: m.q(m.float_conv(m.q(x))), ["float_conv: the weights are not quantized"]),
    "other padding": (
        lambda m, x: m.three(F.pad(m.q(x), (1, 1, 1, 1), value=0.3)),
        ["/Pad: padding with 0.3, no level of the tensor's quantizer"],
    ),
    "movement inside": (
        lambda m, x: m.q(m.three(m.q(x).permute(0, 1, 3, 2))),
        ["/Transpose: a transpose"],
    ),
    "recurrent layer inside": (
        lambda m, x: m.q(m.lstm(m.q(x).flatten(2).transpose(1, 2))[0]),
        ["lstm: op LSTM has no hardware"],
    ),
    "group norm": (lambda m, x: m.q(m.groups(m.q(x))), ["groups: op InstanceNormalization has no hardware"]),
    "dense layer for each place": (
        lambda m, x: m.q(m.grow(m.q(x).flatten(2).transpose(1, 2))),
        ["/Transpose: a transpose", "grow: a dense layer on a tensor of shape (1, 64, 6)"],
    ),
    "counted padding, and windows past it": (
        lambda m, x: m.q(F.avg_pool2d(x, 3, 2, 1, ceil_mode=True)),
        ["/AveragePool: an average pool whose padding counts, and windows of which pass it"],
    ),
    "windows of many sizes": (
        lambda m, x: m.q(F.avg_pool2d(x, 8, 1, 4, count_include_pad=False)),
        ["/AveragePool: sums beyond 2^24"],
    ),
}


@pytest.mark.parametrize("style", LISTED)
def test_listed_with_a_cure(tmp_path: Path, style: str) -> None:
    tail, wanted = LISTED[style]
    _, network = imported(Styles(tail), torch.rand((3, 3, 8, 8)), tmp_path / "net.onnx")
    assert len(network.problems) == len(wanted), network.problems
    for problem, start in zip(network.problems, wanted, strict=True):
        assert str(problem).startswith(start) and problem.cure
