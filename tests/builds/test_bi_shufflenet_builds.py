"""Variants of Bi-ShuffleNet as hardware graphs, equal to PyTorch at every tap; the main job runs the net in rtlsim."""

from dataclasses import replace
from pathlib import Path

import pytest

from finn_build.config import CONFIG_DIR, load_board, load_build
from finn_build.dataflow.budget import usage
from finn_build.dataflow.folding import search_folding
from finn_build.finn.environment import prepare_finn
from finn_build.frontend import network as networks
from finn_build.pipeline import FLOW, fold_for
from finn_build.proof.levels import taps
from tests.builds.pipeline_runs import UP_TO_LEVEL_2, run_steps, start_build


@pytest.mark.slow
@pytest.mark.parametrize("name", ["bi_shufflenet_v", "bi_shufflenet_xi", "bi_shufflenet_head8"])
def test_variants_are_exact_in_integers(name: str, tmp_path: Path) -> None:
    """Average-pooled shortcuts and 5x5; max-pooled ones and pairs of 3x3 on both sides; 8-bit weights at the end."""
    prepare_finn(tmp_path / ".finn")
    from finn_build.proof.gate import compare

    network = networks.from_zoo(name, tmp_path, image_size=32)
    build = run_steps(start_build(network, tmp_path, frames=4, target_fps=200), UP_TO_LEVEL_2)
    verdict = compare(taps(build.streams, build.integers), build.values)
    assert verdict.passed and verdict.levels == (0, 1, 2) and verdict.taps > 80
    units = [n for n in build.streams.graph.node if n.op_type == "BitConv_rtl"]
    assert len(units) == {"bi_shufflenet_v": 54, "bi_shufflenet_xi": 73, "bi_shufflenet_head8": 70}[name]


@pytest.mark.slow
def test_the_8_bit_last_convolution_fits_zcu104_as_its_preset_says(tmp_path: Path) -> None:
    """The search, which refuses what goes beyond the board's budget, finds one that takes no more than the preset's."""
    config = load_build(CONFIG_DIR / "bi_shufflenet_head8_zcu104.yaml")
    network = networks.from_zoo(config.model, tmp_path, image_size=config.input_size)
    streams = run_steps(start_build(network, tmp_path), ("integers", "lower")).streams
    assert streams is not None
    board = load_board("zcu104")
    areas = []
    for each in (replace(config, folding={}), config):
        cycles = search_folding(streams, each, board, FLOW).cycles
        assert cycles <= 83_333
        design = FLOW.buffer(fold_for(streams, each, cycles), each, board, cycles)
        areas.append(usage(design, board.part).luts(board))
    assert areas[0] <= areas[1]
