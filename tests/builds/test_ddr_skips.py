"""U-BiNet with its skips in the board's memory: the gate, the driver on the simulated board, depths, the budget."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from qonnx.custom_op.registry import getCustomOp
from signflow_driver import Accelerator, StallError
from signflow_driver import registers as reg
from signflow_driver.description import load_description

from finn_build.board.ddr_skips import skip_rows, skips_in_words
from finn_build.board.description import write_description
from finn_build.board.shell import hash_of
from finn_build.build import main
from finn_build.errors import ConfigError, SimulationError, UnsupportedModelError
from finn_build.state import Build
from sim.board import BoardTraffic, simulated_board
from sim.verilator import Stalls
from tests.board.deployments import Deployment
from tests.builds.pipeline_runs import require_rate, run_steps
from tests.builds.test_u_binet_builds import _require_equal, _start

BUFFERED = ("integers", "lower", "fold", "buffer")
SMALL = {"image_size": 16, "width": 4, "depth": 2, "act_bits": 4}


def _skips(build: Build) -> dict[str, int]:
    """Least depth of every skip."""
    fifos = {n.name: getCustomOp(n).attr("leastDepth") for n in build.streams.get_nodes_by_op_type("StreamFIFO_rtl")}
    return {name: least for name, least in fifos.items() if least}


def _in_memory(out: Path, seed: int = 1, stalls: Stalls | None = None) -> Build:
    """A small U-BiNet with all its skips in memory."""
    build = run_steps(_start(out, seed, stalls, **SMALL), BUFFERED)
    build.config = replace(build.config, ddr_skips=list(_skips(build)))
    return run_steps(build, ("lower", "fold", "buffer", "stitch"))


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    build = _in_memory(tmp_path_factory.mktemp("deployed"))
    write_description(run_steps(build, ("shell",)), build.out / "accelerator.json")
    return Deployment(build.out, build)


@pytest.mark.parametrize("stalls", [None, Stalls(3)])
def test_equal_at_every_level_and_at_full_rate(tmp_path: Path, stalls: Stalls | None) -> None:
    build = _in_memory(tmp_path, stalls=stalls)
    run_steps(build, ("execute", "rtlsim-stitched", "gate"))
    _require_equal(build, 0, 1, 2, 4)
    assert len(build.design.skips) == 2
    ends = {end.tensor for skip in build.design.skips for end in (skip.sent, skip.taken)}
    assert ends <= set(build.values[4]), "the gate compares both ends of each skip"
    if stalls is None:
        require_rate(build)


def test_one_beat_less_stalls_for_ever(tmp_path: Path) -> None:
    """As on the chip: `leastDepth` is exact, and the watchdog names the skip."""
    build = _in_memory(tmp_path)
    least = _skips(build)
    name = next(iter(least))
    for less in (0, 1):
        build.config = replace(build.config, fifos=least | {name: least[name] - less})
        run_steps(build, ("lower", "fold", "buffer", "stitch", "execute"))
        if not less:
            run_steps(build, ("rtlsim-stitched",))
            continue
        wanted = rf"no stream moved.*; {name} \(skip to up\.\d\) holds {least[name] - 1} beats and needs {least[name]}$"
        with pytest.raises(SimulationError, match=wanted):
            run_steps(build, ("rtlsim-stitched",))


@pytest.mark.parametrize("traffic", [BoardTraffic(), BoardTraffic(1, 0.2, 30), BoardTraffic(2, 0.45, 80)])
def test_masks_of_the_simulated_board_are_pytorchs(deployed: Deployment, traffic: BoardTraffic) -> None:
    images = deployed.images(9, seed=traffic.seed)
    with simulated_board(deployed.folder, traffic) as board, Accelerator(deployed.bitfile) as accelerator:
        free = list(board._free)
        for part in (images[:7], images[7:]):
            found, wanted = accelerator.infer(part), deployed.expected(part)
            assert all(np.array_equal(found[name], wanted[name]) for name in wanted)
        beats = [count.beats for count in accelerator.performance().streams]
        accelerator.reset()
        assert all(np.array_equal(accelerator.infer(images)[name], v) for name, v in deployed.expected(images).items())
        accelerator.close()
        assert board._free == free
    assert beats[1:3] == beats[4:6] and beats[1] == 9 * 16 * 16


def test_a_ring_that_is_too_small_is_named(
    deployed: Deployment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Accelerator, "_check_bitstream", lambda _: None)  # which would refuse the changed description
    for suffix in (".json", ".npz"):
        (tmp_path / f"small{suffix}").write_bytes((deployed.folder / f"accelerator{suffix}").read_bytes())
    described = load_description(tmp_path / "small.json")
    assert [skip.ring_bytes for skip in described.skips] == [1024, 384]  # 505 and 78 beats of 2 and 4 bytes
    rings = tuple(replace(skip, ring_bytes=128) for skip in described.skips)
    replace(described, skips=rings).save(tmp_path / "small.json")
    with (
        simulated_board(deployed.folder) as board,
        Accelerator(deployed.bitfile, tmp_path / "small.json") as accelerator,
    ):
        accelerator.registers.write(reg.TIMEOUT, 3000)
        with pytest.raises(StallError, match=r"stalled at skip m_skip_0 \(\S+_copy1_x4\): its memory is full"):
            accelerator.infer(deployed.images(2))
        assert board.read(reg.STATUS) & reg.IDLE


def test_what_is_saved_and_what_it_takes(deployed: Deployment) -> None:
    rows = skip_rows(deployed.build, fps=1000)
    assert [(row["fifo"], row["buffer_bytes"]) for row in rows] == [("FIFO_9", 1024), ("FIFO_5", 384)]
    assert [row["write_mb_s"] for row in rows] == [row["read_mb_s"] for row in rows] == [0.512, 0.256]
    text = skips_in_words(rows, 800)
    assert text.startswith("Skips in memory: FIFO_9, FIFO_5 in 0.00 MB save") and "write 0.8 MB/s" in text


def test_without_the_option_the_accelerator_is_the_same(tmp_path: Path) -> None:
    """`auto` leaves on the chip what fits there."""
    hashes = set()
    for option in ("off", "auto"):
        build = _start(tmp_path / option, 1, **SMALL)
        build.config = replace(build.config, ddr_skips=option)
        run_steps(build, (*BUFFERED, "stitch"))
        assert not build.design.skips
        hashes.add(hash_of(build.design))
    assert len(hashes) == 1


@pytest.mark.parametrize("given", [["--ddr-skips", "auto"], ["--ddr-skips", "FIFO_5"], []])
def test_finns_shell_is_refused_at_once(
    capsys: pytest.CaptureFixture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: list[str]
) -> None:
    """Asked for on the command line or by the preset; off, the next check is reached."""
    monkeypatch.setenv("PATH", "")
    asked = ["--board", "pynq-z2", "--model", "u_binet_pynq_ddr_w1a4", "--shell", "finn", "--bitstream", "vivado"]
    asked += ["--out", str(tmp_path / "out")]
    skips = given[-1:] or ["auto"]
    assert main([*asked, *given]) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: --shell finn: only our shell keeps skips in the board's memory (ddr_skips: ")
    assert skips[0] in error and error.endswith("choose --ddr-skips off, or --shell signflow\n")
    assert main([*asked, "--ddr-skips", "off"]) == 1
    assert "--shell finn needs Vivado and Vitis HLS" in capsys.readouterr().err


def test_skips_that_cannot_go_to_memory_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build = _in_memory(tmp_path)
    node = build.streams.get_node_from_name(build.design.skips[0].node)
    with pytest.raises(UnsupportedModelError, match=f"{node.name}: lies in the board's memory; only our shell"):
        getCustomOp(node).rtl_parameters()
    build.config = replace(build.config, ddr_skips=["FIFO_99"])
    with pytest.raises(ConfigError, match=r"^ddr_skips: no skip is called FIFO_99; legal: FIFO_"):
        run_steps(build, ("lower", "fold", "buffer"))
    skips = build.design.skips
    build.config = replace(build.config, ddr_skips=[skip.node for skip in skips])
    place = "finn_build.dataflow.passes.place_memories.MAX_STREAMS"  # an image in, a mask out, two streams for a skip
    monkeypatch.setattr(place, 2 * len(skips) + 1)
    with pytest.raises(ConfigError, match=rf"^ddr_skips: {len(skips)} skips; the shell has room for {len(skips) - 1}$"):
        run_steps(build, ("lower", "fold", "buffer"))
    monkeypatch.setattr(place, 2 * len(skips) + 2)
    run_steps(build, ("lower", "fold", "buffer"))
