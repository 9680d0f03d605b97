"""The deployment folder: all that a board needs, or the simulated board, and nothing of this package.

`accelerator.json` and `.npz` (the driver's description), the driver as folder and as wheel, the notebook, sample
images or signals, what PyTorch gives for them, and the bitstream where one was made.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import jinja2
import numpy as np
from PIL import Image
from signflow_driver.description import load_description

from finn_build import processes
from finn_build.board.bitstream.vivado import Bitstream
from finn_build.board.description import write_description
from finn_build.identifiers import identifiers
from finn_build.licence import license_files
from finn_build.proof.levels import network_output
from finn_build.state import Build
from sim.packing import pack

NAME = "accelerator"  # of the bitstream; the driver finds its description, and PYNQ the handoff file, beside it
NOTEBOOK = "inference.ipynb"
_FILES, _DRIVER = Path(__file__).parent / "notebook", Path(__file__).parent / "driver"
_LONGEST_STEM = 60  # characters, with the number within the 255 bytes of a file name
_EARLIEST = "315532800"  # 1980, as early as zip files go: the wheel's bytes follow from the driver's alone


def write_deployment(build: Build, folder: Path) -> Path:
    """Write the folder.

    Args:
        build: gone through the gate.
        folder: new.

    Raises:
        UnsupportedModelError: the driver cannot do the host's part of this network.
    """
    assert build.shell is not None
    (folder / "images").mkdir(parents=True)
    write_description(build, folder / f"{NAME}.json")
    _write_images(build, folder / "images")
    expected = {f"output_{i}": values for i, values in enumerate(expected_outputs(build).values())}
    reference = "PyTorch" if build.network.torch is not None else "QONNX"
    np.savez_compressed(folder / "expected.npz", reference=np.array(reference), **expected)  # type: ignore[arg-type]
    write_driver(folder)
    if not build.design.skips:  # their rings are the Python driver's to make
        _write_c(build, folder / "c")
    shutil.copyfile(_FILES / NOTEBOOK, folder / NOTEBOOK)
    license_files(folder, (folder / "signflow_driver").glob("*.py"))
    add_bitstream(folder, build.bitstream, build.config.frames)
    return folder


def add_bitstream(folder: Path, bitstream: Bitstream | None, frames: int) -> None:
    """Lay a bitstream into a deployment folder, whose README then says so; without one, it says how to make it."""
    for file in (f for f in (bitstream.files if bitstream else ()) if f.is_file()):
        shutil.copyfile(file, folder / f"{NAME}{file.suffix}")
    text = (_FILES / "board_readme.md.j2").read_text()
    about = load_description(folder / f"{NAME}.json")
    made = jinja2.Template(text, trim_blocks=True, undefined=jinja2.StrictUndefined).render(
        about=about, name=NAME, bitstream=bitstream, frames=frames, folder=identifiers([about.model])[about.model]
    )
    (folder / "README.md").write_text(made + "\n")


def expected_outputs(build: Build) -> dict[str, np.ndarray]:
    """Every output of the network for the frames, as PyTorch gives it; QONNX where there is no module."""
    integers, lowest = build.integers, min(build.values)
    assert integers is not None
    return {name: network_output(build.values[lowest], name) for name in integers.tails}


def write_driver(folder: Path) -> None:
    """The driver as a folder, which the notebook takes, and as a wheel; both need no network."""
    driver = _DRIVER / "signflow_driver"
    shutil.copytree(driver, folder / driver.name, ignore=shutil.ignore_patterns("__pycache__"))
    command = [sys.executable, "-m", "flit_core.wheel", str(driver.parent), "--outdir", str(folder)]
    processes.run(command, env=os.environ | {"SOURCE_DATE_EPOCH": _EARLIEST}).check_returncode()


def _write_c(build: Build, folder: Path) -> None:
    """The C driver, with the beats of the frames: what enters, and what the first output gives."""
    shutil.copytree(_DRIVER / "c", folder)
    for name, stream in (("input", build.design.inputs[0]), ("expected", build.design.outputs[0])):
        (folder / f"{name}.bin").write_bytes(pack(build.values[2][stream.tensor], stream.stream).tobytes())


def _write_images(build: Build, folder: Path) -> None:
    """Pictures as PNG, signals and frames of other channels as arrays; numbered, in the order of the results."""
    shown = build.config.frames
    for index, (frame, name) in enumerate(zip(build.images.images[:shown], build.images.names[:shown], strict=True)):
        path = f"{folder}/{index:03}_{Path(name).stem[:_LONGEST_STEM]}"
        if frame.ndim == 3 and len(frame) in (1, 3):
            Image.fromarray(np.moveaxis(frame, 0, -1).squeeze()).save(f"{path}.png")
        else:
            np.save(f"{path}.npy", frame)
