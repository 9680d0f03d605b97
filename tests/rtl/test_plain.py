"""Plain Verilog of a design: the same at every tap, the same area, and readable by tools that know Verilog only."""

import shutil
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from finn_build import processes
from finn_build.errors import LintError
from finn_build.evaluate.area import area_by_op
from finn_build.frontend import network as networks
from finn_build.frontend.export import export_qonnx
from finn_build.rtl.icarus import read_with_icarus
from finn_build.rtl.lint import lint
from finn_build.rtl.plain import plain_design
from finn_build.rtl.stitch import StitchedDesign
from finn_build.state import Build
from tests.builds.networks import SmallResidual, randomize
from tests.builds.pipeline_runs import run_steps, start_build
from tests.rtl.word_level import assert_same

STEPS = ("integers", "lower", "fold", "buffer", "stitch", "shell", "execute", "rtlsim-stitched")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Build]:
    """A small residual network as plain Verilog, simulated; the library's form of it lies in `library`."""
    out = tmp_path_factory.mktemp("plain")
    torch.manual_seed(3)
    model = randomize(SmallResidual(bits=1, signed=True), seed=1)
    build = start_build(networks.from_qonnx(export_qonnx(model, out / "net.onnx", (1, 1, 11, 9))), out)
    run_steps(build, STEPS[:5])
    shutil.copytree(out / "stitched", out / "library")
    assert build.design is not None
    build.design = plain_design(build.design)
    build.rtl = "verilog"
    yield run_steps(build, STEPS[5:])


def _library(built: Build) -> StitchedDesign:
    """The same design in the library's modules."""
    assert built.design is not None
    folder = built.out / "library"
    return replace(built.design, sources=tuple(sorted(folder.glob("*.*v"))), mem_dir=folder)


def test_every_tap_is_equal(built: Build) -> None:
    """The simulated plain design against the integers, which the ops of the library are tested against."""
    simulated = {name: values for name, values in built.values[4].items() if name in built.values[2]}
    assert len(simulated) >= len(built.design.taps)  # type: ignore[union-attr]
    for name, values in simulated.items():
        assert np.array_equal(values, built.values[2][name]), name


def test_design_and_shell_are_plain_and_break_no_rule(built: Build) -> None:
    shell = built.shell
    assert shell is not None and all(path.suffix == ".v" for path in shell.sources)
    assert not list(shell.folder.glob("*.sv"))
    found = lint(shell.sources, shell.top, memories=shell.folder, block_design=True)
    assert not found, "\n".join(map(str, found))
    for path in shell.sources:
        assert path.name == "signflow_top.v" or "#(" not in path.read_text(), path


def test_it_is_the_same_hardware(built: Build) -> None:
    """One op of each kind: registers, adders, multipliers, memories as the library's, to the bit; logic within 2%."""
    plain, library = built.design, _library(built)
    assert plain is not None
    ops = list({path.stem.partition("_")[0]: path.stem for path in plain.sources[:-1]}.values())
    assert len(ops) >= 8
    assert_same(plain, library, ops)


def test_it_maps_to_as_many_cells(built: Build) -> None:
    """Registers, memories and slices are the same, LUTs within 2%."""
    plain, library = built.design, _library(built)
    assert plain is not None
    names = [path.stem for path in plain.sources]
    ops = [next(name for name in names if name.startswith(kind)) for kind in ("BitConv", "MVAU")]
    areas = [area_by_op(design, ops, "xc7", lambda fraction: None) for design in (plain, library)]
    for op in ops:
        got, want = (dict(area[op]) for area in areas)
        assert 0.98 <= got.pop("lut") / want.pop("lut") <= 1.02, areas
        assert got == want, areas


def test_yosys_own_reader_takes_the_plain_form(built: Build) -> None:
    """With neither slang nor SystemVerilog: `read_verilog` as it comes."""
    assert built.shell is not None
    names = " ".join(path.name for path in built.shell.sources)
    code = f"""
from pyosys import libyosys as ys
design = ys.Design()
ys.run_pass("read_verilog {names}", design)
ys.run_pass("hierarchy -check -top {built.shell.top}", design)
"""
    ran = processes.run([sys.executable, "-c", code], cwd=built.shell.folder)
    assert ran.returncode == 0 and "Warning" not in ran.stdout + ran.stderr, ran.stdout[-2000:] + ran.stderr


def test_icarus_takes_the_plain_form_where_it_is_installed(built: Build, tmp_path: Path) -> None:
    """And tells of what it would not take; elsewhere the command says how to get it."""
    assert built.shell is not None
    if shutil.which("iverilog") is None:
        with pytest.raises(FileNotFoundError, match="apt-get install iverilog"):
            read_with_icarus(built.shell.folder)
        return
    assert not read_with_icarus(built.shell.folder)
    (tmp_path / "sources.f").write_text("late.v\n")
    (tmp_path / "late.v").write_text("module late(output wire q);\n    assign q = '0;\nendmodule\n")
    assert read_with_icarus(tmp_path)


def test_a_file_that_breaks_a_rule_fails_the_build(built: Build) -> None:
    assert built.design is not None
    top = built.design.sources[-1]
    text = top.read_text()
    top.write_text(text + "module more(output wire [3:0] q);\n    assign q = '0;\nendmodule\n`default_nettype wire\n")
    try:
        with pytest.raises(LintError, match=r"--lint vivado: 1 place.*\n +accelerator\.v:\d+: verilog-literal: '0\."):
            run_steps(built, ("shell",))
    finally:
        top.write_text(text)
