"""The points of a sweep: each the design that the folding search finds for a network, a board and a target rate."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from finn_build.config import BuildConfig, load_board
from finn_build.errors import ConfigError
from finn_build.processes import scratch

Row = dict[str, Any]
AREA = ("lut", "ff", "bram36", "dsp", "uram")


@dataclass(frozen=True)
class Line:
    """One network on one board, whose designs differ in the target rate alone: it is imported once for all of them.

    Attributes:
        model: of the zoo.
        board: name, or YAML file.
        size: height and width of the input, 0 for the network's own.
        clk_mhz: clock, 0 for the board's.
        limit: what a design may take, as in a build configuration.
    """

    model: str
    board: str
    size: int = 0
    clk_mhz: float = 0
    limit: tuple[tuple[str, int | str], ...] = ()

    @property
    def name(self) -> str:
        """For a legend."""
        return f"{self.model}{f' {self.size}' if self.size else ''}, {Path(self.board).stem}"

    def row(self, target: float | str) -> Row:
        """What a point is known by."""
        return asdict(self) | {"limit": [list(pair) for pair in self.limit], "target": target}


def compute(line: Line, targets: Iterable[float | str]) -> Iterator[Row]:
    """A row for each target: rate and area of its design, or why there is none.

    Raises:
        SignflowError: the network cannot be built at all, or there is no such board or clock.
    """
    from finn_build.finn.environment import prepare_finn  # here, as below: these load the libraries

    with scratch() as folder:
        prepare_finn(folder / ".finn")
        from finn_build import pipeline
        from finn_build.dataflow.budget import usage
        from finn_build.frontend import network as networks
        from finn_build.state import Build

        board = load_board(line.board)
        board = board.at(line.clk_mhz) if line.clk_mhz else board
        config = BuildConfig(model=line.model, limit=dict(line.limit))
        network = networks.from_zoo(line.model, folder, **({"image_size": line.size} if line.size else {}))
        images = networks.load_images(networks.SYNTHETIC, network, config.frames, seed=1)
        build = Build(config, board, network, images, folder)
        pipeline.compile_integers(build, _quiet)
        pipeline.lower(build, _quiet)
        lowered = build.streams
        for target in targets:
            build.config, build.streams = replace(config, target_fps=target), lowered
            try:
                pipeline.fold(build, _quiet)
                pipeline.buffer(build, _quiet)
            except ConfigError as error:
                yield line.row(target) | {"error": str(error)}
                continue
            area = usage(build.streams, board.part)
            yield line.row(target) | {
                "cycles": build.target_cycles,
                "fps": board.clk_mhz * 1e6 / build.target_cycles,
                **{resource: getattr(area, resource) for resource in AREA},
                "next_step": build.next_step,
            }


def front(rows: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Rows that no other beats in rate and LUTs at once, the slowest first."""
    best: list[Mapping[str, Any]] = []
    for row in sorted(rows, key=lambda row: (-row["fps"], row["lut"])):
        if not best or row["lut"] < best[-1]["lut"]:
            best.append(row)
    return best[::-1]


def _quiet(fraction: float) -> None:
    """Progress that nobody watches."""
