import re
from pathlib import Path

import pytest

from finn_build.config import BOARD_DIR, CONFIG_DIR, BuildConfig, load_board, load_build, write_build
from finn_build.errors import ConfigError


@pytest.mark.parametrize("path", sorted(BOARD_DIR.glob("*.yaml")), ids=lambda p: p.stem)
def test_shipped_boards_load(path: Path) -> None:
    board = load_board(path.stem)
    assert board.name == path.stem and board.clk_period_ns == 1000 / board.clk_mhz
    assert board.at(board.clk_mhz) == board, "its PLL makes its clock"
    assert "# Source: " in path.read_text()


@pytest.mark.parametrize("path", sorted(CONFIG_DIR.glob("*.yaml")), ids=lambda p: p.stem)
def test_shipped_builds_load(path: Path) -> None:
    assert load_build(path).frames >= 4


def test_a_board_at_another_clock() -> None:
    board = load_board("pynq-z2")
    assert board.at(100).clk_period_ns == 10 and board.clk_mhz == 125
    assert board.at(142.857).clk_mhz == 142.857 and load_board("zcu104").at(300).clk_mhz == 300


@pytest.mark.parametrize(
    ("mhz", "nearest"), [(150, "142.857 or 166.667"), (-5, "0.251953 or 0.256016"), (1000, "250 or 333.333")]
)
def test_a_clock_that_the_board_cannot_make(mhz: float, nearest: str) -> None:
    with pytest.raises(ConfigError) as error:
        load_board("pynq-z2").at(mhz)
    assert str(error.value) == f"clk_mhz={mhz}: pynq-z2 divides its clock from 1000 MHz; nearest: {nearest}"


def test_a_misspelt_board_is_suggested() -> None:
    with pytest.raises(ConfigError) as error:
        load_board("pynqz2")
    assert (
        str(error.value)
        == "--board pynqz2: unknown board; did you mean 'pynq-z2'?; legal: arty-z7-20, kv260, pynq-z1, pynq-z2, "
        "ultra96-v2, zcu102, zcu104, zybo-z7-20, or a YAML file"
    )


def test_a_board_of_ones_own(tmp_path: Path) -> None:
    text, mine = (BOARD_DIR / "pynq-z2.yaml").read_text(), tmp_path / "mine.yaml"
    mine.write_text(text.replace("name: pynq-z2", "name: mine").replace("dsp: 220", "dsp: 80"))
    assert (load_board(str(mine)).name, load_board(str(mine)).dsp) == ("mine", 80)
    for old, new, message in (
        ("family: xc7", "family: xc8", "family='xc8'; legal: xc7, xcup"),
        ("name: pynq-z2", "name: ../mine", "name: '../mine'; legal: letters, digits"),
        ("name: pynq-z2", 'name: "mine\\n[exec x]"', "name: 'mine\\n[exec x]'; legal"),
        ("part: xc7z020clg400-1", "part: x;exec", "part: 'x;exec'; legal: letters, digits and . : - _"),
        ("board_part: ", "board_part: '}[x]' #", "board_part: '}[x]'; legal: letters"),
        (
            "clk_mhz: 125",
            "clk_mhz: 130",
            "clk_mhz=130: pynq-z2 divides its clock from 1000 MHz; nearest: 125 or",
        ),
        ("part: xc7z020clg400-1", "", "lacks part; legal keys: name, part"),
        ("50", "'50 $env(HOME)'", "ps: '$env(HOME)'; legal: letters"),
        ("PCW_CRYSTAL_PERIPHERAL_FREQMHZ", '"A } B"', "ps: 'A } B'; legal: letters"),
    ):
        mine.write_text(text.replace(old, new))
        with pytest.raises(ConfigError, match=re.escape(message)):
            load_board(str(mine))
    with pytest.raises(ConfigError, match=r"none.yaml: no such file"):
        load_board(str(tmp_path / "none.yaml"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("model: m\ntarget_fsp: 3", "unknown key 'target_fsp'; did you mean 'target_fps'?; legal: model, input_size, "),
        ("target_fps: 3", "lacks model; legal keys: model, input_size"),
        ("model: m\ntarget_fps: fast", "target_fps='fast'; legal: a number of frames per second, or max"),
        ("model: m\ntarget_fps: -1", "target_fps=-1; legal: a number above 0, or max"),
        ("model: m\ntarget_fps: 0", "target_fps=0; legal: a number above 0, or max"),
        ("model: m\ntarget_fps: .nan", "target_fps=nan; legal: a number above 0, or max"),
        ("model: m\ntarget_fps: .inf", "target_fps=inf; legal: a number above 0, or max"),
        ("model: m\noutput: masks", "output='masks'; legal: mask, classes, logit, raw, one for each output"),
        ("model: m\nframes: 2", "frames=2; legal: 4 or more"),
        ("model: m\nframes: many", "frames: 'many' is not int"),
        ("model: m\nmax_utilization: 3", "max_utilization=3; legal: above 0, up to 1"),
        ("model: m\nfolding: {MVAU_0: 4}", "folding of MVAU_0: 4; write e.g. MVAU_0: {PE: 4, SIMD: 16}"),
        ("- a list", "expected `key: value` lines, found list"),
        ("model: [", "not readable YAML"),
        ("model: " + "[" * 5000, "not readable YAML"),
        ("model: 2026-99-99", "not readable YAML"),
        ("model: 2026-11-29", "model: datetime.date(2026, 11, 29) is not str"),
        ("model: &a [x]\nfolding: {x: *a}", "an alias (*name)"),
        ("model: m\nframes: 0x" + "f" * 5000, "a value of 5,002 characters"),
        ("model: m\nframes: 1" + "0" * 100, "legal: 4 or more, so that the interval between frames is seen, to 10,000"),
        ("model: m\ninput_size: -3", "input_size=-3; legal: up to 65,536, or 0 for the network's own"),
        ("model: m\nclk_mhz: .nan", "clk_mhz=nan; legal: a clock of the board in MHz"),
        ("model: m\nmax_utilization: .nan", "max_utilization=nan; legal: above 0, up to 1"),
        ("model: m\nfifos: {FIFO_0: 99999999999}", "legal: 2 beats and more, below 16,777,216"),
        ("model: m\nfifos: {3: 4}", "3 is no name of an op"),
        ("model: m\nddr_skips: [3]", "3 is no name of an op"),
        ("3: m", "unknown key 3"),
    ],
)
def test_bad_files_name_the_file_and_the_cure(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "build.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError) as error:
        load_build(path)
    assert str(error.value).startswith(f"{path}: ") and message in str(error.value)


def test_a_missing_file() -> None:
    with pytest.raises(ConfigError, match="no such file"):
        load_build(Path("nowhere.yaml"))


def test_a_written_configuration_reads_the_same(tmp_path: Path) -> None:
    config = BuildConfig("m", input_size=96, target_fps=1000.0, folding={"BitConv_0": {"PE": 2, "SIMD": 24}})
    assert load_build(write_build(config, tmp_path / "build.yaml")) == config
