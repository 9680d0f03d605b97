"""The folding search: more frames per second never cost less, limits hold, and what the next step takes is said."""

from collections.abc import Mapping

import pytest
from qonnx.core.modelwrapper import ModelWrapper

from finn_build.build import _configuration
from finn_build.config import CONFIG_DIR, BuildConfig, load_board
from finn_build.dataflow.budget import Usage, budget, port_cycles, usage
from finn_build.dataflow.folding import search_folding
from finn_build.errors import ConfigError
from finn_build.options import parser
from finn_build.pipeline import FLOW
from tests.dataflow.passes.streams import lowered

BOARD = load_board("pynq-z2")
PRESET = CONFIG_DIR / "bi_shufflenet_224_pynq-z2.yaml"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ModelWrapper:
    return lowered(tmp_path_factory.mktemp("net"))


def _searched(
    model: ModelWrapper, fps: float | str, limit: Mapping[str, int | str] | None = None
) -> tuple[int, Usage, str]:
    config = BuildConfig(model="m", target_fps=fps, limit=limit or {})
    found = search_folding(model, config, BOARD, FLOW)
    design = FLOW.buffer(FLOW.fold(model, config, found.cycles), config, BOARD, found.cycles)
    return found.cycles, usage(design, BOARD.part), found.next_step


def test_area_rises_with_the_rate(model: ModelWrapper) -> None:
    rates = [5e3, 2e4, 3e4, 4e4, 6e4, 8e4, 1e5, 1.4e5]
    found = [_searched(model, rate) for rate in rates]
    assert all(BOARD.clk_mhz * 1e6 / cycles >= rate for rate, (cycles, _, _) in zip(rates, found, strict=True))
    areas = [area.luts(BOARD) for _, area, _ in found]
    assert areas == sorted(areas) and areas[0] < areas[-1]


def test_the_fastest_within_limits_and_the_step_above_it(model: ModelWrapper) -> None:
    most, whole, nothing = _searched(model, "max")
    limit: dict[str, int | str] = {"lut": 1100, "bram": "5%"}
    cycles, area, step = _searched(model, "max", limit)
    assert nothing == "" and most < cycles and whole.lut > 1100
    assert area.lut <= 1100 and area.bram36 <= 0.05 * BOARD.bram36 and step.endswith(" of 1100")
    rate = float(step.split(" frames/s would take ")[0].replace(",", ""))
    assert rate > BOARD.clk_mhz * 1e6 / cycles
    with pytest.raises(ConfigError, match=r"needs lut .* of 1100 \(lut up to 1100, bram up to 5%\)"):
        _searched(model, rate, limit)


def test_memories_are_worth_what_is_left_of_them() -> None:
    room = budget(BuildConfig(model="m", limit={"lut": 11_200}), BOARD)
    assert (room.lut, room.bram36, room.dsp, room.luts_per_bram18) == (11_200, 112, 176, 50)
    assert budget(BuildConfig(model="m"), BOARD).luts_per_bram18 == BOARD.luts_per_bram18


def test_the_port_to_the_memory_bounds_rates(model: ModelWrapper) -> None:
    assert port_cycles(model, BOARD) == 13  # 11 x 9 bytes, 8 a cycle


@pytest.mark.parametrize(
    ("options", "kept"),
    [
        ([], True),
        (["--target-fps", "1250"], True),
        (["--target-fps", "1500"], False),
        (["--target-fps", "max"], False),
        (["--limit", "lut=20607", "bram=60%"], False),
    ],
)
@pytest.mark.parametrize("chosen", [["--input-size", "224"], ["--config", str(PRESET)]])
def test_a_presets_folding_is_for_its_own_rate(options: list[str], kept: bool, chosen: list[str]) -> None:
    words = ["--board", "pynq-z2", *chosen, *options]
    config = _configuration(parser().parse_args(words), foreign=False)
    assert bool(config.folding) == kept
    assert dict(config.limit) == ({"lut": 20607, "bram": "60%"} if "--limit" in options else {})


@pytest.mark.parametrize("text", ["lut=many", "luts=5", "bram=101%", "dsp=-1"])
def test_an_illegal_limit(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parser().parse_args(["--board", "pynq-z2", "--limit", text])
    said = (
        "legal: lut, ff, bram, dsp, uram, each a number or a share of the chip up to 100%, e.g. lut=20607 or bram=60%"
    )
    assert f"{text!r}; {said}" in capsys.readouterr().err
    name, _, value = text.partition("=")
    with pytest.raises(ConfigError, match=rf"limit: {name}={value}; legal: lut, ff, bram, dsp, uram, each a number"):
        BuildConfig(model="m", limit={name: value})
