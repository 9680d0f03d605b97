"""The generator from Python: `signflow.build` takes a network as it is; its build answers, predicts and simulates.

import signflow
made = signflow.build(net, board="pynq-z2", input_shape=(1, 64, 64), images="my_images")
made.report["throughput_fps"], made.predict(images)["logits"], made.page
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Sequence
from contextlib import ExitStack, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field, replace
from functools import cached_property
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finn_build.build import run
from finn_build.errors import ConfigError, DataError, visible
from finn_build.given import Given
from finn_build.options import parser

if TYPE_CHECKING:
    import numpy as np
    from torch import nn

    from finn_build.state import Build as State
    from sim.golden import IntegerModel
    from sim.verilator import SimResult

_SHEETS = ("report.json", "estimate.json")


def build(
    model: str | Path | nn.Module,
    board: str | Path = "pynq-z2",
    *,
    images: str | Path | np.ndarray = "synthetic",
    input_shape: tuple[int, ...] | None = None,
    classes: Sequence[str] = (),
    out: str | Path | None = None,
    target_fps: float | None = None,
    clk_mhz: float | None = None,
    frames: int | None = None,
    options: Sequence[str] = (),
    verbose: bool = False,
) -> Build:
    """Build an accelerator, as the command `signflow build` does.

    Args:
        model: a Brevitas network as it is, a model of the zoo by its name, a QONNX file (.onnx), or a checkpoint of
            `signflow train` (.pt).
        board: name, or YAML file.
        images: folder, or uint8 array [N, C, H, W] of the frames; generated ones by default.
        input_shape: (C, H, W) of a network that is given as it is, (C, L) where it takes signals.
        classes: names of its classes, in the order of its scores.
        out: folder of the build; out/<model>-<board> by default.
        target_fps: smallest design at this rate; the fastest that fits by default.
        clk_mhz: clock; the board's by default.
        frames: how many go through simulation and gate, at least 4.
        options: further options as the command takes them, e.g. ["--timing", "--stop", "buffer"].
        verbose: print what the command prints.

    Returns:
        The build; verified, unless an option stopped it before the gate.

    Raises:
        SignflowError: the input is wrong, something cannot be built, or (GateError) two levels differ.
    """
    words = ["--board", str(board)]
    for option, value in (("--out", out), ("--target-fps", target_fps), ("--clk", clk_mhz), ("--frames", frames)):
        words += [] if value is None else [option, str(value)]
    given = Given()
    if isinstance(model, str | Path):
        suffix = Path(model).suffix
        words += [{".onnx": "--onnx", ".pt": "--checkpoint"}.get(suffix, "--model"), str(model)]
    else:
        _require_network(model, input_shape)
        given = Given(model, (1, *(input_shape or ())), tuple(classes))
    if isinstance(images, str | Path):
        words += ["--images", str(images)]
    else:
        given = replace(given, images=_frames(images))
    with ExitStack() as stack:
        if not verbose:
            silent = stack.enter_context(Path(os.devnull).open("w"))
            stack.enter_context(redirect_stdout(silent))
            stack.enter_context(redirect_stderr(silent))
        return Build(*run(_parsed([*words, *options]), given))


@dataclass(frozen=True)
class Build:
    """A finished build.

    Attributes:
        folder: its files.
        state: what its steps made.
    """

    folder: Path
    state: State = field(repr=False)

    @cached_property
    def report(self) -> dict[str, Any]:
        """Every figure: `report.json`, or `estimate.json` of a build that was stopped before the gate."""
        found = next((path for name in _SHEETS if (path := self.folder / name).is_file()), None)
        if found is None:
            raise ConfigError(f"{self.folder}: the build was stopped before it had figures (step buffer)")
        sheet: dict[str, Any] = json.loads(found.read_text())
        return sheet

    @property
    def page(self) -> Path:
        """The build on one page, for a browser."""
        return self.folder / "report.html"

    @property
    def deploy(self) -> Path | None:
        """The folder for the board; None where the build did not come to it."""
        return found if (found := self.folder / "deploy").is_dir() else None

    def predict(self, images: np.ndarray) -> dict[str, np.ndarray]:
        """Outputs of the network in the arithmetic of the hardware, by the fast integer model: exact.

        Shapes:
            uint8 [N, C, H, W] to float32 [N, ...] by name of the output.
        """
        integers = self.state.integers
        found = self._model.run(self._ints(images))
        return {name: integers.to_network_output(name, found) for name in integers.tails}

    def simulate(self, images: np.ndarray) -> dict[str, np.ndarray]:
        """Outputs of the network by the stitched design, cycle by cycle, images back to back.

        Shapes:
            as `predict`.

        Raises:
            ConfigError: the build was stopped before it had a design.
            SimulationError: the design stands still or breaks a rule of its streams.
        """
        return self.simulate_cycles(images)[0]

    def simulate_cycles(self, images: np.ndarray) -> tuple[dict[str, np.ndarray], SimResult]:
        """As `simulate`; also the cycles in which every stream moved."""
        from finn_build.proof import levels  # here: what follows loads the simulator's side
        from sim.stitched import simulate

        if not self.state.has("design"):
            raise ConfigError(f"{self.folder}: the build was stopped before it had a design (step stitch)")
        folder, design = self.folder.absolute() / "stitched", self.state.design
        sources = tuple(folder / path.relative_to(design.mem_dir) for path in design.sources)
        there = replace(design, sources=sources, mem_dir=folder)  # the build moved when it was done
        ints = levels.channels_last(self._ints(images))
        streams, result = simulate(there, {design.inputs[0].tensor: ints[:, None]}, len(ints))
        values = {name: found.squeeze(1) for name, found in streams.items()}
        outputs = levels.output_values(self.state.integers, values)
        return {name: levels.network_output(outputs, name) for name in self.state.integers.tails}, result

    @cached_property
    def _model(self) -> IntegerModel:
        from sim.golden import IntegerModel  # here: it loads PyTorch

        return IntegerModel(self.state.integers.model)

    def _ints(self, images: np.ndarray) -> np.ndarray:
        from brevitas_models.data.images import to_float  # here: as above

        wanted = self.state.network.input_shape[1:]
        if images.dtype != "uint8" or images.shape[1:] != wanted:
            raise DataError(f"images: {images.dtype} {images.shape}; the network takes uint8 (N, {str(wanted)[1:]}")
        return self.state.integers.quantize_images(to_float(images))


def _require_network(model: object, input_shape: tuple[int, ...] | None) -> None:
    """Raise ConfigError unless a network can be taken as it is: a module of PyTorch and the shape of its input."""
    if isinstance(model, type) or not hasattr(model, "named_modules"):
        what = "give a Brevitas network, a name of the zoo, a QONNX file (.onnx) or a checkpoint (.pt)"
        raise ConfigError(f"model: is {visible(repr(model)[:60])}; {what}")
    if input_shape is None:
        raise ConfigError("input_shape: a network that is given as it is needs it, e.g. (1, 64, 64)")
    if len(input_shape) not in (2, 3) or any(type(side) is not int or side < 1 for side in input_shape):
        raise ConfigError(f"input_shape {input_shape}; legal: (C, H, W) of images, or (C, L) of signals")


def _parsed(words: Sequence[str]) -> argparse.Namespace:
    """Options as of the command line; a wrong one is an exception here, and ends no process.

    Raises:
        ConfigError: what the command would have said.
    """
    said = StringIO()
    try:
        with redirect_stderr(said):
            return parser().parse_args(words)
    except SystemExit as stop:
        raise ConfigError(said.getvalue().partition("error: ")[2].strip() or f"options: {words} stop it") from stop


def _frames(images: np.ndarray) -> np.ndarray:
    if images.dtype != "uint8" or images.ndim != 4:
        raise DataError(f"images: {images.dtype} {images.shape}; give uint8 (N, C, H, W)")
    return images
