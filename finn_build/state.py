"""The state of a build, which every step of the pipeline adds to. It imports no step: steps import it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np
from qonnx.core.modelwrapper import ModelWrapper
from signflow_driver.meaning import Meaning

from brevitas_models.data.images import ImageSet, to_float
from finn_build.config import Board, BuildConfig
from finn_build.frontend.integers import IntegerNetwork
from finn_build.rtl.stitch import StitchedDesign

if TYPE_CHECKING:
    from finn_build.board.bitstream.vivado import Bitstream
    from finn_build.board.shell import Shell
    from finn_build.evaluate.area import Area
    from finn_build.evaluate.timing.design import Timing
    from finn_build.frontend.network import ImportedNetwork
    from finn_build.hls.design import HlsDesign
    from finn_build.proof.accuracy import Accuracy
    from finn_build.proof.gate import Verdict
    from finn_build.proof.levels import Values
    from sim.csim import CsimResult
    from sim.isolated import OpResult
    from sim.verilator import SimResult, Stalls

T = TypeVar("T")


class Made(Generic[T]):
    """What a step always makes: there for every step behind it, and an error of ours before."""

    def __init__(self, step: str):
        self.step = step

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, build: Any, owner: type) -> T:
        if self.name not in vars(build):
            raise AssertionError(f"build.{self.name}: the step `{self.step}` makes it and has not run")
        value: T = vars(build)[self.name]
        return value

    def __set__(self, build: Any, value: T) -> None:
        vars(build)[self.name] = value


@dataclass
class Build:
    """State of a build, filled step by step.

    Attributes:
        config, board, network, images: what is built, for what, and on which frames.
        out: folder of the results.
        stalls: random traffic for the simulations, or None.
        waves: record waves of the stitched simulation.
        rtl: language of the design, "systemverilog" or, each op elaborated to a module of its own, "verilog".
        lint: version of Vivado; every file of the design and its shell is checked against what it refuses. Or nothing.
        meanings: what each output means; stands once the network is compiled.
    """

    config: BuildConfig
    board: Board
    network: ImportedNetwork
    images: ImageSet
    out: Path
    stalls: Stalls | None = None
    waves: bool = False
    rtl: str = "systemverilog"
    lint: str = ""

    integers = Made[IntegerNetwork]("integers")
    meanings: dict[str, Meaning] = field(default_factory=dict)
    streams = Made[ModelWrapper]("lower")
    target_cycles: int = 0
    next_step: str = ""
    design = Made[StitchedDesign]("stitch")
    shell: Shell | None = None
    values: dict[int, Values] = field(default_factory=dict)
    ops: dict[str, OpResult] = field(default_factory=dict)
    simulation: SimResult | None = None
    cpp: HlsDesign | None = None
    csim: CsimResult | None = None
    verdict: Verdict | None = None
    accuracy: Accuracy | None = None
    yosys: dict[str, Area] | None = None
    timing: Timing | None = None
    bitstream: Bitstream | None = None
    not_run: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)

    def has(self, result: str) -> bool:
        """Whether the step that makes `result` has run."""
        return result in vars(self)

    @property
    def mask(self) -> str:
        """Name of the first output that is a mask of an image's size; empty where there is none."""
        place, shapes = self.network.input_shape[2:], self.integers.shapes
        found = (n for n, m in self.meanings.items() if m.kind == "mask" and shapes[n][-2:] == place)
        return next(found, "")

    @property
    def frames(self) -> np.ndarray:
        """The frames of simulation and gate, float32 [frames, C, H, W]."""
        return to_float(self.images.images[: self.config.frames])
