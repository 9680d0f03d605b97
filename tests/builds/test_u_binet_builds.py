"""U-BiNet through the whole pipeline: bit widths, topologies, and skips that are as deep as they have to be."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp

from brevitas_models.networks.configs.u_binet import UBiNetConfig
from brevitas_models.networks.u_binet import UBiNet
from finn_build.config import CONFIG_DIR, BuildConfig, load_board, load_build
from finn_build.dataflow.folding import search_folding
from finn_build.errors import ConfigError, SimulationError
from finn_build.finn.environment import prepare_finn
from finn_build.frontend import network as networks
from finn_build.frontend.export import export_qonnx
from finn_build.frontend.import_qonnx import import_qonnx
from finn_build.frontend.network import ImportedNetwork
from finn_build.pipeline import FLOW, fold_for
from finn_build.state import Build
from sim.verilator import Stalls
from tests.builds.networks import randomize
from tests.builds.pipeline_runs import UP_TO_LEVEL_2, require_rate, run_steps, start_build

FRAMES = 4
STEPS_TO_GATE = (*UP_TO_LEVEL_2, "rtlsim-ops", "rtlsim-stitched", "gate")


def _start(out: Path, seed: int, stalls: Stalls | None = None, **fields: Any) -> Build:
    torch.manual_seed(seed)
    model: Any = randomize(UBiNet(UBiNetConfig(**fields)), seed)
    size = model.config.image_size
    path = export_qonnx(model, out / "net.onnx", (1, model.config.in_channels, size, size))
    network = ImportedNetwork(import_qonnx(path), model, "u_binet", "test", (), trained=False)
    return start_build(network, out, FRAMES, stalls)


@pytest.fixture(scope="module")
def full_width(tmp_path_factory: pytest.TempPathFactory) -> ModelWrapper:
    """As many weights as the paper's network, lowered; few levels and pixels, which are quicker to compile."""
    fields: dict[str, Any] = {"image_size": 16, "width": 32, "depth": 4, "act_bits": 1}
    streams = run_steps(_start(tmp_path_factory.mktemp("full"), 0, **fields), ("integers", "lower")).streams
    assert streams is not None
    return streams


def _require_equal(build: Build, *levels: int) -> None:
    assert build.verdict is not None
    assert build.verdict.passed, build.verdict.first_difference
    assert build.verdict.levels == levels


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_bit_widths(tmp_path: Path, bits: int) -> None:
    """RSiLU with shifts of both signs: steps that go down and up again, compiled to tables."""
    build = _start(tmp_path, bits, image_size=10, width=4, depth=1, act_bits=bits, act_signed=bits == 8)
    run_steps(build, STEPS_TO_GATE)
    _require_equal(build, 0, 1, 2, 3, 4)
    require_rate(build)
    assert bits == 1 or any(n.op_type == "StepTable" for n in build.integers.model.graph.node)  # type: ignore[union-attr]


def test_displaced_steps(tmp_path: Path) -> None:
    """Scales of both signs, and dips. Most convolutions have their steps as displacements, some of them mirrored."""
    build = _start(tmp_path, 8, image_size=8, width=8, depth=1, act_bits=8)
    run_steps(build, [name for name in STEPS_TO_GATE if name != "rtlsim-ops"])  # each kind of op has its own tests
    _require_equal(build, 0, 1, 2, 4)
    require_rate(build)
    ops = [getCustomOp(n) for n in build.streams.get_nodes_by_op_type("StepThresholding_rtl")]  # type: ignore[union-attr]
    forms = [op.midpoint for op in ops if op.attr("numSteps") > 1]
    assert sum(form is not None for form in forms) > len(forms) // 2
    assert any(form.dipBits for form in forms if form) and any(form.mirrored for form in forms if form)


def _random_topology(seed: int) -> dict[str, object]:
    rng = np.random.default_rng(seed)
    depth = 1 + seed % 4
    skips = [True] * depth
    if seed % 2:
        skips[int(rng.integers(depth))] = False
    return {
        "depth": depth, "skips": tuple(skips), "width": int(rng.choice([2, 3])), "act_bits": int(rng.choice([1, 2, 3])),
        "image_size": max(4, (1 << depth) + int(rng.integers(0, 1 << depth))), "in_channels": int(rng.choice([1, 3])),
        "upsample": str(rng.choice(["transposed", "nearest"])), "edge_weight_bits": int(rng.choice([1, 4])),
    }  # fmt: skip


@pytest.mark.parametrize("seed", range(6))
def test_random_topologies(tmp_path: Path, seed: int) -> None:
    build = _start(tmp_path, seed, Stalls(seed) if seed % 3 else None, **_random_topology(seed))
    run_steps(build, [name for name in STEPS_TO_GATE if name != "rtlsim-ops"])  # each kind of op has its own tests
    _require_equal(build, 0, 1, 2, 4)
    if build.stalls is None:
        require_rate(build)


@pytest.mark.parametrize(
    "fields",
    [
        {"image_size": 9, "width": 2, "depth": 2, "act_bits": 2},
        {"image_size": 8, "width": 2, "depth": 2, "act_bits": 3, "upsample": "nearest", "skips": (True, False)},
    ],
)
def test_one_beat_less_stalls_for_ever(tmp_path: Path, fields: dict[str, Any]) -> None:
    """At the least depth of each skip frames come through, if slowly; one beat below, the watchdog names the skip."""
    build = run_steps(_start(tmp_path, 1, **fields), UP_TO_LEVEL_2)
    fifos = {n.name: getCustomOp(n) for n in build.streams.graph.node if n.op_type == "StreamFIFO_rtl"}
    least = {name: op.attr("leastDepth") for name, op in fifos.items() if op.attr("leastDepth")}
    assert len(least) == sum(fields.get("skips", (True, True)))
    assert all(fifos[name].attr("depth") > depth for name, depth in least.items())
    for name in (None, *least):
        build.config = replace(build.config, fifos=least | ({name: least[name] - 1} if name else {}))
        build = run_steps(build, ("lower", "fold", "buffer", "stitch", "execute"))
        if name is None:
            run_steps(build, ("rtlsim-stitched",))
            assert all(np.array_equal(build.values[2][t], build.values[4][t]) for t in build.values[4])
        else:
            wanted = (
                rf"no stream moved.*; {name} \(skip to up\.\d\) holds {least[name] - 1} beats and needs {least[name]}$"
            )
            with pytest.raises(SimulationError, match=wanted):
                run_steps(build, ("rtlsim-stitched",))


@pytest.mark.slow
def test_a_preset_reaches_its_rate_within_the_board(tmp_path: Path) -> None:
    """At 224x224 on PYNQ-Z2; the search refuses what goes beyond the budget."""
    config, board = load_build(CONFIG_DIR / "u_binet_pynq_w1a4_pynq-z2.yaml"), load_board("pynq-z2")
    prepare_finn(tmp_path / ".finn")
    network = networks.from_zoo(config.model, tmp_path)
    streams = run_steps(start_build(network, tmp_path), ("integers", "lower")).streams
    assert streams is not None
    cycles = search_folding(streams, config, board, FLOW).cycles
    slowest = max(getCustomOp(n).get_exp_cycles() for n in fold_for(streams, config, cycles).graph.node)
    assert board.clk_mhz * 1e6 / slowest >= config.target_fps


@pytest.mark.parametrize(
    ("board", "share", "wanted"),
    [
        ("pynq-z2", "150% of the chip's block RAM (5.2 Mbit)", "u_binet_pynq_w1a8_pynq-z2"),
        ("zcu104", "67% of the chip's block RAM (11.5 Mbit)", "u_binet_w1a8_zcu104"),
    ],
)
@pytest.mark.parametrize("target_fps", [30, "max"])
def test_weights_beyond_the_chip_are_said_with_numbers(
    tmp_path: Path, full_width: ModelWrapper, board: str, share: str, wanted: str, target_fps: float | str
) -> None:
    """And the preset that fits comes first. A third of ZCU104 stands for a chip that is too small."""
    config = BuildConfig(model="u_binet_w1a8", target_fps=target_fps, max_utilization=0.3)
    text = f". Its weights alone are 7.8 Mbit, {share}; presets that fit {board}, the most alike first: {wanted}, "
    with pytest.raises(ConfigError, match=rf"design needs .*{re.escape(text)}"):
        search_folding(full_width, config, load_board(board), FLOW)


def test_a_rate_beyond_the_given_folding(tmp_path: Path, full_width: ModelWrapper) -> None:
    config = BuildConfig(model="u_binet_w1a8", target_fps=750e3, folding={"MVAU_1": {"PE": 1, "SIMD": 1}})
    with pytest.raises(ConfigError, match="the folding of the configuration takes 2,359,296: at"):
        search_folding(full_width, config, load_board("zcu104"), FLOW)
