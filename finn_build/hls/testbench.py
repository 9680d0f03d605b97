"""The testbench of the C++, with frames and what the integers say of them."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from finn_build.hls.design import TOP, HlsDesign
from finn_build.hls.process import ENVIRONMENT, HLS_DIR
from finn_build.licence import license_files
from sim.packing import pack


def write_testbench(design: HlsDesign, values: Mapping[str, np.ndarray], frames: int) -> Path:
    """Write `testbench/`: its C++, and a file for every port.

    Args:
        design: the accelerator.
        values: integers by tensor, [frames, *shape], of the ports' tensors at least.
        frames: how many.

    Returns:
        The folder.
    """
    folder = design.folder / "testbench"
    folder.mkdir(exist_ok=True)
    shutil.copy(HLS_DIR / "scheduler.h", folder)
    arguments = [port.name for port in (*design.inputs, *design.outputs)]
    arguments += [f"skip_{i}" for i in range(len(design.skips)) for _ in range(2)]
    text = ENVIRONMENT.get_template("testbench.cpp.j2").render(
        top=TOP, frames=frames, inputs=design.inputs, outputs=design.outputs, skips=design.skips, arguments=arguments
    )
    (folder / "testbench.cpp").write_text(text)
    license_files(folder, folder.iterdir())
    for side, ports in (("in", design.inputs), ("out", design.outputs)):
        for i, port in enumerate(ports):
            (folder / f"{side}{i}.dat").write_bytes(pack(values[port.tensor][:frames], port.stream).tobytes())
    return folder
