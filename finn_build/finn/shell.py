"""`--shell finn`: the bitstream by FINN's own Zynq build, for users of its driver who have Vivado and Vitis HLS.

FINN wraps our ops in its DMA (HLS code) and block design; our shell and driver have no part in it.
"""

from __future__ import annotations

import copy
import shutil
from pathlib import Path

from finn.transformation.fpgadataflow.make_zynq_proj import ZynqBuild
from finn.util.basic import pynq_part_map
from finn.util.exception import FINNError
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp

from finn_build.board.bitstream.tools import require_finns_tools
from finn_build.board.bitstream.vivado import NAME, Bitstream
from finn_build.config import Board
from finn_build.errors import BitstreamError, ConfigError
from finn_build.finn.environment import prepare_finn

_GENERATED = ("code_gen_dir_ipgen", "gen_top_module", "ip_path", "ipgen_path")


def run_finn(streams: ModelWrapper, board: Board, folder: Path) -> Bitstream:
    """Build with FINN; takes minutes to hours.

    Args:
        streams: the dataflow graph with its FIFOs; not changed.
        board: for which.
        folder: of everything that FINN generates, and of the bitstream.

    Raises:
        ConfigError: a tool is missing, or FINN does not know the board.
        BitstreamError: FINN failed.
    """
    require_finns_tools(board)
    require_known(board)
    prepare_finn(folder)
    build = ZynqBuild(board.finn_board, board.clk_period_ns, partition_model_dir=folder / "partitions")
    try:
        built = without_code(streams).transform(build)
    except (FINNError, AssertionError, OSError) as error:
        raise BitstreamError(f"FINN's Zynq build failed, see {folder}: {error}") from error
    made = []
    for prop, suffix in (("bitfile", ".bit"), ("hw_handoff", ".hwh")):
        made.append(folder / f"{NAME}{suffix}")
        shutil.copyfile(built.get_metadata_prop(prop), made[-1])
    return Bitstream("FINN's Zynq build", made[0], made[1], ours=False)


def require_known(board: Board) -> None:
    """Raise ConfigError unless FINN knows the board."""
    if board.finn_board not in pynq_part_map:
        raise ConfigError(
            f"--shell finn: {board.name} has finn_board={board.finn_board!r}; legal: {', '.join(sorted(pynq_part_map))}"
        )


def without_code(streams: ModelWrapper) -> ModelWrapper:
    """A copy whose ops have generated nothing yet: FINN gives each a folder, and a module name, of its own."""
    model = copy.deepcopy(streams)
    for node in model.graph.node:
        for attribute in _GENERATED:
            getCustomOp(node).set_nodeattr(attribute, "")
    return model
