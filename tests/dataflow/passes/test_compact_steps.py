"""CompactSteps: what becomes lines or displacements, what does not, and that the function stays."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.core.onnx_exec import execute_onnx
from qonnx.custom_op.registry import getCustomOp
from torch import Tensor, nn

from brevitas_models.layers.activations import RPReLU
from brevitas_models.layers.quantizers import pixel_quantizer, shortcut_quantizer
from brevitas_models.networks.bi_shufflenet import BasicUnit, BinaryConv
from brevitas_models.networks.configs.bi_shufflenet import BiShuffleNetConfig
from finn_build.dataflow.ops._midpoint import ATTRIBUTES
from finn_build.dataflow.ops.bitconv import BitConv_rtl
from finn_build.dataflow.passes.compact_steps import CompactSteps
from finn_build.dataflow.passes.fuse_conv_units import FuseConvUnits
from finn_build.dataflow.passes.lower_to_streams import LowerToStreams
from finn_build.dataflow.stream import Resources
from finn_build.frontend.export import export_qonnx
from finn_build.frontend.import_qonnx import import_qonnx
from finn_build.frontend.integers import to_integers
from tests.builds.networks import randomize
from tests.dataflow.ops.op_case import OpBench, OpCase
from tests.dataflow.ops.test_thresholding import rsilu, steps
from tests.dataflow.passes.streams import execute

CHANNELS, SIZE = 16, (5, 4)


class Units(nn.Module):
    """Two binary convolutions with their own inputs as shortcuts, on five-bit integers."""

    def __init__(self, activation: str):
        super().__init__()
        config = BiShuffleNetConfig(activation=activation)
        self.pixels, self.first = pixel_quantizer(), shortcut_quantizer(5)
        self.units = nn.ModuleList(BinaryConv(config, CHANNELS, k, shortcut_quantizer(5)) for k in (1, 3))

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(self.pixels(x) * 8 - 4)
        for unit in self.units:
            x = unit(x, x)
        return x


class Shuffled(nn.Module):
    """Two basic units: the second one's shortcut comes from all over the first."""

    def __init__(self) -> None:
        super().__init__()
        config = BiShuffleNetConfig()
        self.pixels, self.first = pixel_quantizer(), shortcut_quantizer(5)
        self.parts = nn.ModuleList(BasicUnit(config, CHANNELS) for _ in range(2))
        self.units = nn.ModuleList(conv for part in self.parts for conv in part.right)

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(self.pixels(x) * 8 - 4)
        for part in self.parts:
            x = part(x)
        return x


def fused(folder: Path, build: Callable[[], nn.Module] = lambda: Units("rprelu")) -> ModelWrapper:
    """Units whose batch norms and slopes have either sign."""
    torch.manual_seed(4)
    model = randomize(build(), 5)
    with torch.no_grad():
        for unit in model.units:
            unit.norm.running_var.fill_(unit.gain**2 * 4)
            channels = len(unit.norm.weight)
            unit.norm.weight.copy_(torch.linspace(0.7, 1.5, channels) * (-1) ** torch.arange(channels))
            if isinstance(unit.activation, RPReLU):
                unit.activation.beta.copy_(torch.linspace(-0.4, 0.6, channels))
    network = to_integers(import_qonnx(export_qonnx(model, folder / "net.onnx", (1, CHANNELS, *SIZE))))
    assert not network.problems
    return network.model.transform(LowerToStreams()).transform(FuseConvUnits())


def units(model: ModelWrapper) -> list[BitConv_rtl]:
    return [getCustomOp(n) for n in model.graph.node if n.op_type == "BitConv_rtl"]


def test_steps_of_batch_norm_and_rprelu_become_lines_and_values_stay(tmp_path: Path) -> None:
    before = fused(tmp_path)
    after = fused(tmp_path).transform(CompactSteps())
    assert len(units(after)) == 2
    for old, new in zip(units(before), units(after), strict=True):
        assert (old.attr("affineSteps"), new.attr("affineSteps"), new.stages) == (0, 1, 5)
        assert list(old.onnx_node.input) == list(new.onnx_node.input) and min(new.attr("affineBits")) > 0
        assert any(name.endswith("_table_0.mem") for name in new.memory_files(after))
    for seed in range(3):
        image = np.random.default_rng(seed).integers(0, 256, (1, *SIZE, CHANNELS))
        assert np.array_equal(execute(before, image), execute(after, image))


def test_ranges_of_shortcuts_are_followed_through_splits_and_joins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(BitConv_rtl, "resources", lambda op: Resources(lut=100 - op.attr("affineSteps")))
    before = fused(tmp_path, Shuffled)
    after = fused(tmp_path, Shuffled).transform(CompactSteps())
    assert {"StreamSplit_rtl", "StreamConcat_rtl"} <= {n.op_type for n in after.graph.node}
    assert [u.attr("affineSteps") for u in units(after)] == [1] * len(units(after))
    assert any(min(u.attr("shortcutRange"), default=-16) > -16 for u in units(after))
    image = np.random.default_rng(0).integers(0, 256, (1, *SIZE, CHANNELS))
    assert np.array_equal(execute(before, image), execute(after, image))


def test_curves_stay_thresholds(tmp_path: Path) -> None:
    after = fused(tmp_path, lambda: Units("rsilu")).transform(CompactSteps())
    assert [u.attr("affineSteps") for u in units(after)] == [0, 0]


def test_lines_that_cost_more_are_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BitConv_rtl, "resources", lambda op: Resources(lut=100 + op.attr("affineSteps")))
    after = fused(tmp_path).transform(CompactSteps())
    assert [u.attr("affineSteps") for u in units(after)] == [0, 0]


def _plain(case: OpCase) -> OpBench:
    plain = {name: value for name, value in case.attributes.items() if name not in ATTRIBUTES}
    return OpBench("StepThresholding_rtl", [OpCase(plain, case.reference, case.parameters)])


@pytest.mark.parametrize("dip_bits", [4, 5])
def test_takes_the_dip_that_costs_least(dip_bits: int) -> None:
    case = rsilu("INT14", 8, dip_bits, shift=0.15)
    bench = _plain(case)
    before = {name: execute_onnx(bench.model, {name: x[0].astype(np.float32)}) for name, x in bench.values.items()}
    after = bench.model.transform(CompactSteps())
    found, given = getCustomOp(after.graph.node[0]), OpBench("StepThresholding_rtl", [case]).ops[0]
    costs = [op.resources().luts(op.bram_price) for op in (found, given, bench.ops[0])]
    assert found.midpoint is not None and costs[0] <= costs[1] < costs[2]
    for name, out in before.items():
        again = execute_onnx(after, {name: bench.values[name][0].astype(np.float32)})
        assert all(np.array_equal(again[t], out[t]) for t in out)


@pytest.mark.parametrize(
    "case",
    [
        steps("INT10", "UINT3", 7),
        steps("INT10", "BIPOLAR", 15, table=True),
        steps("INT12", "UINT8", 255, table=True),
        steps("INT12", "UINT8", 255, shared=True),
    ],
    ids=["few", "bipolar", "up and down", "one row for all"],
)
def test_steps_that_stay_plain(case: OpCase) -> None:
    op = getCustomOp(_plain(case).model.transform(CompactSteps()).graph.node[0])
    assert op.midpoint is None and op.attr("spanBits") == []
