"""`accelerator.json` and `accelerator.npz`: what the driver has to know of an accelerator.

The JSON holds shapes, types and the host's part of the network as a list of steps; the npz holds the arrays those name.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field, fields, replace
from math import prod
from pathlib import Path
from pickle import UnpicklingError
from typing import Any
from zipfile import BadZipFile

import numpy as np

from .errors import DriverError
from .inspection import Inspection
from .meaning import Meaning

FORMAT = 5
KINDS = ("unsigned", "signed", "bipolar")


@dataclass(frozen=True)
class StreamFormat:
    """A stream of the accelerator, as it lies in memory: beats back to back, each padded to whole bytes.

    Attributes:
        name: tensor it carries.
        shape: of one frame, channels last.
        lanes: elements of a beat, element 0 in the low bits.
        bits: of an element.
        kind: "unsigned", "signed" (two's complement) or "bipolar" (one bit, 1 is +1, 0 is -1).
        order: logical channel at each position of the last dimension; empty where that is 0, 1, 2...
    """

    name: str
    shape: tuple[int, ...]
    lanes: int
    bits: int
    kind: str
    order: tuple[int, ...] = ()

    @property
    def beat_bytes(self) -> int:
        """Bytes of one beat."""
        return -(-self.lanes * self.bits // 8)

    @property
    def beats(self) -> int:
        """Beats of one frame."""
        return prod(self.shape) // self.lanes

    @property
    def frame_bytes(self) -> int:
        """Bytes of one frame."""
        return self.beats * self.beat_bytes


@dataclass(frozen=True)
class Skip:
    """A FIFO of the accelerator that lies in the board's memory.

    Attributes:
        sent: tensor of the stream into it, an output for the shell.
        taken: tensor of the stream out of it, an input for the shell.
        ring_bytes: of the buffer it needs.
    """

    sent: str
    taken: str
    ring_bytes: int


@dataclass(frozen=True)
class Port:
    """A stream at the shell.

    Attributes:
        name: its kind and its name at the accelerator.
        tensor: it carries.
        enters: the accelerator.
        skip: number of the skip that it is an end of, None for one that carries frames.
    """

    name: str
    tensor: str
    enters: bool
    skip: int | None = None


@dataclass(frozen=True)
class HostStep:
    """One operation of the host behind the accelerator.

    Attributes:
        op: ONNX operation.
        inputs: names of arrays: constants of the npz, outputs of earlier steps, or the tensor of a stream.
        output: name of its result.
        attributes: of the operation.
    """

    op: str
    inputs: tuple[str, ...]
    output: str
    attributes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class HostSource:
    """Another stream that an output is computed from, as `HostTail` has its first."""

    stream: str
    scale: str
    divisor: int = 1


@dataclass(frozen=True)
class HostTail:
    """From an output stream's integers to one output of the network: `float32(n) * scale / divisor`, then steps.

    Attributes:
        name: output of the network.
        stream: tensor of the stream it is computed from.
        scale: name of the array of the scale, a scalar or one number per channel.
        divisor: pixels of an average pool; 1 elsewhere.
        steps: what follows.
        model: name of the array that holds what follows as an ONNX model instead, for what NumPy has no operation.
        meaning: what the output says of an image.
        beside: further inputs of the model.
    """

    name: str
    stream: str
    scale: str
    divisor: int = 1
    steps: tuple[HostStep, ...] = ()
    model: str = ""
    meaning: Meaning = field(default_factory=lambda: Meaning("raw"))
    beside: tuple[HostSource, ...] = ()


@dataclass(frozen=True)
class Description:
    """An accelerator as the driver sees it.

    Attributes:
        model, board, clk_mhz: what was built, for what, at which clock.
        build_hash: 32 hexadecimal digits of design and description; the bitstream carries the same.
        timeout_cycles: cycles without a beat that mean a stall.
        image_shape: (C, H, W) of the images, uint8; (F,) where the input is a vector.
        classes: names; empty where unknown.
        inputs, outputs: streams in the order of the shell's.
        skips: in the order of the shell's streams, where they follow the inputs, and again the outputs.
        tails: outputs of the network.
        design_hash: of RTL and memory files alone.
        inspection: how images larger than the network's are inspected; None where that is not known.
        arrays: "head" int64 [C, 256], the integer that enters for each pixel value; with "taken" and "row" where the
            host moves pixels first (`MovedPixels`); or "head_model", an ONNX model of what the host does to pixels,
            with "head_thresholds" [C or 1, L] and "head_lowest" [C or 1, L + 1], the levels between them; of signals
            and vectors these in any case, with "float_model" where the host computes something first; the scales; the
            constants of the steps; the models of the tails.
    """

    model: str
    board: str
    clk_mhz: float
    build_hash: str
    timeout_cycles: int
    image_shape: tuple[int, ...]
    classes: tuple[str, ...]
    inputs: tuple[StreamFormat, ...]
    outputs: tuple[StreamFormat, ...]
    tails: tuple[HostTail, ...]
    skips: tuple[Skip, ...] = ()
    inspection: Inspection | None = None
    arrays: dict[str, np.ndarray] = field(default_factory=dict, compare=False)
    design_hash: str = ""

    @property
    def ports(self) -> tuple[Port, ...]:
        """All streams in the order of the shell's registers."""
        inputs = (Port(f"input s_axis_{i}", s.name, True) for i, s in enumerate(self.inputs))
        taken = (Port(f"skip s_skip_{k}", s.taken, True, k) for k, s in enumerate(self.skips))
        outputs = (Port(f"output m_axis_{i}", s.name, False) for i, s in enumerate(self.outputs))
        sent = (Port(f"skip m_skip_{k}", s.sent, False, k) for k, s in enumerate(self.skips))
        return (*inputs, *taken, *outputs, *sent)

    @property
    def content_hash(self) -> str:
        """Of all that is described; hashes of what was built for it are none of that."""
        content = asdict(replace(self, arrays={}))
        for apart in ("build_hash", "design_hash", "inspection"):  # the threshold is the user's to choose
            del content[apart]
        return hashlib.sha256((json.dumps(content, sort_keys=True) + _hash(self.arrays)).encode()).hexdigest()

    def save(self, path: Path) -> None:
        """Write `path` and, beside it, the arrays as .npz."""
        content = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "arrays"}
        for name in ("inputs", "outputs", "tails", "skips"):
            content[name] = [asdict(item) for item in content[name]]
        content["inspection"] = None if self.inspection is None else asdict(self.inspection)
        content |= {"format": FORMAT, "arrays_hash": _hash(self.arrays)}
        content["content_hash"] = self.content_hash
        path.write_text(json.dumps(content, indent=2) + "\n")
        np.savez(path.with_suffix(".npz"), **self.arrays)  # type: ignore[arg-type]


def bound_hash(design_hash: str, content_hash: str) -> str:
    """The hash that a bitstream carries: of its design, and of what the driver takes that for."""
    return hashlib.sha256(f"{design_hash} {content_hash}".encode()).hexdigest()[: len(design_hash)]


def load_description(path: Path) -> Description:
    """Read a description.

    Raises:
        DriverError: it is not there, damaged, or of another format, or its .npz is another's.
    """
    try:
        content = json.loads(path.read_text())
        with np.load(path.with_suffix(".npz")) as arrays:
            found = dict(arrays)
        if content.pop("format", None) != FORMAT:
            raise DriverError(f"{path}: not of format {FORMAT}; take the driver from the same deployment folder")
        if content.pop("arrays_hash", None) != _hash(found):
            raise DriverError(f"{path.with_suffix('.npz')}: not what {path.name} was written with; take both again")
        stated, description = content.pop("content_hash", None), _description(content, found)
        if stated != description.content_hash:
            raise DriverError(f"{path}: was changed since it was written; take it again from its deployment folder")
        return description
    except (OSError, ValueError, EOFError, BadZipFile, UnpicklingError, RecursionError) as error:
        raise DriverError(f"{path}: not readable with its .npz: {error}") from error
    except (AttributeError, KeyError, TypeError) as error:
        raise DriverError(f"{path}: no description of an accelerator: {error!r}") from error


def _description(content: dict[str, Any], arrays: dict[str, np.ndarray]) -> Description:
    for name in ("inputs", "outputs"):
        content[name] = tuple(
            StreamFormat(**{**s, "shape": tuple(s["shape"]), "order": tuple(s["order"])}) for s in content[name]
        )
    content["skips"] = tuple(Skip(**skip) for skip in content.get("skips", ()))
    content["inspection"] = Inspection.of(content["inspection"]) if content.get("inspection") else None
    content["tails"] = tuple(
        HostTail(**{
            **t, "steps": _steps(t["steps"]), "meaning": Meaning(**t["meaning"]),
            "beside": tuple(HostSource(**other) for other in t["beside"]),
        })
        for t in content["tails"]
    )  # fmt: skip
    content |= {name: tuple(content[name]) for name in ("image_shape", "classes")}
    return Description(**content, arrays=arrays)


def _steps(listed: list[dict[str, Any]]) -> tuple[HostStep, ...]:
    return tuple(HostStep(**{**step, "inputs": tuple(step["inputs"])}) for step in listed)


def _hash(arrays: dict[str, np.ndarray]) -> str:
    found = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        found.update(f"{name} {array.dtype.str} {array.shape} ".encode() + array.tobytes())
    return found.hexdigest()
