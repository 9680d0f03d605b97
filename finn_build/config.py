"""Boards and builds, read from YAML. Unknown keys and wrong types are errors with a suggestion."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

import yaml

from finn_build.errors import ConfigError, suggestion

CONFIG_DIR = Path(__file__).resolve().parent.parent / "hw_configs"
BOARD_DIR = CONFIG_DIR / "boards"
FAMILY_DIR = CONFIG_DIR / "families"  # of chips: bus, processing system and delays of each
OUTPUTS = ("mask", "classes", "logit", "raw")
MAX_STREAMS = 10  # of the shell: its registers have a place for so many
RESOURCES = {"lut": "lut", "ff": "ff", "bram": "bram36", "dsp": "dsp", "uram": "uram"}  # as limits name them
LIMITS = f"{', '.join(RESOURCES)}, each a number or a share of the chip up to 100%"
_FASTEST = "max"
_MOST_FRAMES, _MOST_PIXELS, _MOST = 10_000, 1 << 16, 1 << 24
_LONGEST = 200  # characters of a value in YAML
_WORD = re.compile(r"[\w.:-]*", re.ASCII)
_DIVIDERS = range(1, 64)  # two in a row, of six bits
_LEAST_DIVIDER = 3  # a third of the PLL is beyond what these chips clock
_CLOCK_TOLERANCE = 1e-3
T = TypeVar("T")


@dataclass(frozen=True)
class Board:
    """An FPGA board and what its chip offers.

    Attributes:
        name: as given to `--board`.
        part: full part name.
        family: of the chip, a file of `hw_configs/families`; Yosys `synth_xilinx -family`.
        clk_mhz: clock of the accelerator.
        pll_mhz: of the PLL that this clock is divided from.
        net_ns, net_doubling_ns: delay of a routed net with one sink, and what each doubling of its sinks adds; for the
            clock's estimate, before there is a placement.
        lut, ff, bram36, dsp, uram: what the chip has.
        board_part: name of the board's files in Vivado; empty where it has none, which Zynq-7000 with `ps` do without.
        finn_board: FINN's name of the board, for `--shell finn`; empty where it has none.
        ps: parameters of the processing system where Vivado lacks these files.
    """

    name: str
    part: str
    family: str
    clk_mhz: float
    pll_mhz: float
    net_ns: float
    net_doubling_ns: float
    lut: int
    ff: int
    bram36: int
    dsp: int
    uram: int
    board_part: str = ""
    finn_board: str = ""
    ps: Mapping[str, str | int] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        families = sorted(path.stem for path in FAMILY_DIR.glob("*.yaml"))
        if self.family not in families:
            raise ConfigError(f"family={self.family!r}; legal: {', '.join(families)}")
        for name in ("pll_mhz", "net_ns", "lut", "ff", "bram36"):
            if not 0 < getattr(self, name) < _MOST:
                raise ConfigError(f"{name}={getattr(self, name)}; legal: above 0, below {_MOST:,}")
        for name in ("net_doubling_ns", "dsp", "uram"):
            if not 0 <= getattr(self, name) < _MOST:
                raise ConfigError(f"{name}={getattr(self, name)}; legal: 0 and above, below {_MOST:,}")
        if not self.name.strip("."):
            raise ConfigError(f"name={self.name!r} becomes part of a folder's name; write letters, digits, - and _")
        words = [(name, getattr(self, name)) for name in ("name", "part", "board_part", "finn_board")]
        words += [("ps", word) for key, value in self.ps.items() for word in (key, *str(value).split(" "))]
        for name, word in words:  # all become words of Tcl
            if not _WORD.fullmatch(str(word)):
                raise ConfigError(f"{name}: {word!r}; legal: letters, digits and . : - _")
        self._require_clock()

    @property
    def luts_per_bram18(self) -> int:
        """LUTs that are the same share of the chip as a RAMB18."""
        return round(self.lut / max(1, 2 * self.bram36))

    @property
    def luts_per_dsp(self) -> int:
        """LUTs that are the same share of the chip as a DSP slice."""
        return round(self.lut / max(1, self.dsp))

    @property
    def clk_period_ns(self) -> float:
        """Clock period."""
        return 1000.0 / self.clk_mhz

    def at(self, clk_mhz: float) -> Board:
        """The board with another clock.

        Raises:
            ConfigError: its PLL does not give that clock; the message names the nearest ones.
        """
        return replace(self, clk_mhz=clk_mhz)

    def _require_clock(self) -> None:
        dividers = {a * b for a in _DIVIDERS for b in _DIVIDERS if a * b >= _LEAST_DIVIDER}
        near = sorted(sorted((self.pll_mhz / n for n in dividers), key=lambda mhz: abs(mhz - self.clk_mhz))[:2])
        if not any(abs(self.clk_mhz - mhz) < _CLOCK_TOLERANCE * mhz for mhz in near):
            raise ConfigError(
                f"clk_mhz={self.clk_mhz:g}: {self.name} divides its clock from {self.pll_mhz:g} MHz; nearest: "
                + " or ".join(f"{mhz:.6g}" for mhz in near)
            )


@dataclass(frozen=True)
class BuildConfig:
    """What is built, and how.

    Attributes:
        model: name in the model zoo; a checkpoint or a QONNX file given on the command line replaces it.
        input_size: height and width of the input in pixels; 0 for the network's own.
        clk_mhz: clock that the design is made and folded for; 0 for the board's.
        target_fps: frames per second to reach with the fewest lanes, or "max".
        max_utilization: part of each of the board's resources that the estimate may take, 0 to 1.
        limit: what it may take of single ones instead, a number or a share, e.g. {"lut": 20607, "bram": "60%"}; of lut,
            ff, bram (RAMB36), dsp and uram.
        frames: frames through simulation and gate; at least 4, so that an interval between frames can be seen.
        folding: lanes by op name, e.g. {"MVAU_3": {"PE": 4, "SIMD": 16}}; replaces the automatic choice.
        products: what ops multiply in, by op name, e.g. {"VVAU_2": "lut"}, or "dsp"; replaces the automatic choice,
            DSP slices, but LUTs where the budget has fewer slices than ops.
        fifos: depth in beats by FIFO name, e.g. {"FIFO_7": 1024}; replaces the depth found.
        ddr_skips: skips of U-Nets that lie in the board's memory: "off", "auto" for as few as make the design fit, or a
            list of FIFO names.
        output: what each output means, "mask", "classes", "logit" or "raw", with commas; empty to infer it.
    """

    model: str
    input_size: int = 0
    clk_mhz: float = 0
    target_fps: float | str = _FASTEST
    max_utilization: float = 0.8
    limit: Mapping[str, int | str] = field(default_factory=lambda: MappingProxyType({}))
    frames: int = 4
    folding: Mapping[str, Mapping[str, int]] = field(default_factory=lambda: MappingProxyType({}))
    products: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    fifos: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    ddr_skips: str | Sequence[str] = "off"
    output: str = ""

    def __post_init__(self) -> None:
        if isinstance(self.target_fps, str) and self.target_fps != _FASTEST:
            raise ConfigError(f"target_fps={self.target_fps!r}; legal: a number of frames per second, or {_FASTEST}")
        if not isinstance(self.target_fps, str) and not 0 < self.target_fps < math.inf:
            raise ConfigError(f"target_fps={self.target_fps}; legal: a number above 0, or {_FASTEST}")
        if not 0 < self.max_utilization <= 1:
            raise ConfigError(f"max_utilization={self.max_utilization}; legal: above 0, up to 1")
        for name, limit in self.limit.items():
            if name not in RESOURCES or not is_limit(limit):
                raise ConfigError(f"limit: {name}={limit}; legal: {LIMITS}")
        if not 4 <= self.frames <= _MOST_FRAMES:
            why = "or more, so that the interval between frames is seen"
            raise ConfigError(f"frames={self.frames}; legal: 4 {why}, to {_MOST_FRAMES:,}")
        if not 0 <= self.input_size <= _MOST_PIXELS:
            raise ConfigError(
                f"input_size={self.input_size}; legal: up to {_MOST_PIXELS:,}, or 0 for the network's own"
            )
        for op, lanes in self.folding.items():
            if not isinstance(lanes, Mapping) or not all(isinstance(v, int) and v < _MOST for v in lanes.values()):
                raise ConfigError(f"folding of {op}: {lanes!r}; write e.g. {op}: {{PE: 4, SIMD: 16}}")
        for fifo, depth in self.fifos.items():
            if not isinstance(depth, int) or not 2 <= depth < _MOST:
                raise ConfigError(f"depth of {fifo}: {depth!r}; legal: 2 beats and more, below {_MOST:,}")
        for name in (
            *self.folding,
            *self.products,
            *self.fifos,
            *(() if isinstance(self.ddr_skips, str) else self.ddr_skips),
        ):
            if not isinstance(name, str):
                raise ConfigError(f"{name!r} is no name of an op")
        if not 0 <= self.clk_mhz < _MOST:
            raise ConfigError(f"clk_mhz={self.clk_mhz}; legal: a clock of the board in MHz, or 0 for its own")
        if isinstance(self.ddr_skips, str) and self.ddr_skips not in ("off", "auto"):
            raise ConfigError(f"ddr_skips={self.ddr_skips!r}; legal: off, auto, or a list of FIFO names")
        for word in filter(None, self.output.split(",")):
            if word.strip() not in OUTPUTS:
                raise ConfigError(
                    f"output={self.output!r}; legal: {', '.join(OUTPUTS)}, one for each output, with commas"
                )


def is_limit(value: Any) -> bool:
    """Whether a value can limit a resource: a whole number, or a share of the chip such as "60%"."""
    if isinstance(value, str):
        digits = value.removesuffix("%").replace(".", "", 1)
        return value.endswith("%") and digits.isdecimal() and float(value[:-1]) <= 100
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _MOST


def write_build(config: BuildConfig, path: Path) -> Path:
    """Write a build configuration as YAML."""
    values = {f.name: getattr(config, f.name) for f in fields(config)}
    values["folding"] = {op: dict(lanes) for op, lanes in config.folding.items()}
    values |= {name: dict(values[name]) for name in ("fifos", "limit", "products")}
    values["ddr_skips"] = config.ddr_skips if isinstance(config.ddr_skips, str) else list(config.ddr_skips)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(values, sort_keys=False, default_flow_style=None, width=120))
    return path


def load_board(name: str) -> Board:
    """Board by name, or by the path of a YAML file like those of `hw_configs/boards`.

    Raises:
        ConfigError: no such board, a file that is none, or a chip of another family.
    """
    names = sorted(p.stem for p in BOARD_DIR.glob("*.yaml"))
    given = Path(name)
    if given.suffix not in (".yaml", ".yml") and name not in names:
        raise ConfigError(
            f"--board {name}: unknown board{suggestion(name, names)}; legal: {', '.join(names)}, or a YAML file"
        )
    return _load(BOARD_DIR / f"{name}.yaml" if name in names else given, Board)


def load_build(path: Path) -> BuildConfig:
    """Build configuration from a YAML file.

    Raises:
        ConfigError: no such file, not YAML, unknown or missing keys, illegal values.
    """
    return _load(path, BuildConfig)


class _Loader(yaml.SafeLoader):
    """Plain values of a size that can be printed: no aliases, which unfold without end, no endless integers."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("an alias (*name): write out what it stands for")
        node = super().compose_node(parent, index)
        if isinstance(node, yaml.ScalarNode) and len(node.value) > _LONGEST:
            raise yaml.YAMLError(f"a value of {len(node.value):,} characters; legal: up to {_LONGEST}")
        return node


def _load(path: Path, kind: type[T]) -> T:
    return from_mapping(load_yaml(path), kind, str(path))


def load_yaml(path: Path) -> dict[str, Any]:
    """Keys and values of a YAML file.

    Raises:
        ConfigError: no such file, not YAML, or no keys.
    """
    if not path.is_file():
        raise ConfigError(f"{path}: {'not a file' if path.exists() else 'no such file'}")
    try:
        content = yaml.load(path.read_text(), _Loader)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    except (ValueError, yaml.YAMLError, RecursionError) as error:  # a date that is none, nested beyond all measure
        raise ConfigError(f"{path}: not readable YAML: {str(error).splitlines()[0]}") from error
    if not isinstance(content, dict):
        raise ConfigError(f"{path}: expected `key: value` lines, found {type(content).__name__}")
    return content


def from_mapping(content: Mapping[str, Any], kind: type[T], where: str) -> T:
    """A configuration dataclass from a mapping.

    Raises:
        ConfigError: unknown or missing keys, wrong types, illegal values; the message starts with `where`.
    """
    known = {f.name: f for f in fields(kind)}  # type: ignore[arg-type]
    for key in content:
        if key not in known:
            raise ConfigError(f"{where}: unknown key {key!r}{suggestion(str(key), known)}; legal: {', '.join(known)}")
    needed = [name for name, f in known.items() if f.default is MISSING and f.default_factory is MISSING]
    if missing := [name for name in needed if name not in content]:
        raise ConfigError(f"{where}: lacks {', '.join(missing)}; legal keys: {', '.join(known)}")
    for key, value in content.items():
        legal = _LEGAL_TYPES[str(known[key].type).split("[")[0]]
        if not isinstance(value, legal) or isinstance(value, bool):
            raise ConfigError(f"{where}: {key}: {value!r} is not {known[key].type}")
    try:
        return kind(**content)
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}") from error


_LEGAL_TYPES: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "float": (int, float),
    "float | str": (int, float, str),
    "str | Sequence": (str, list, tuple),
    "Mapping": (Mapping,),
    "Sequence": (list, tuple),
    "ProcessingSystem": (Mapping,),
}
