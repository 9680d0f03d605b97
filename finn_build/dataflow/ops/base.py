"""What every hardware op shares: streams, folding, code generation and execution, as FINN expects them.

An op states its streams, its RTL module with parameters and memory files, and a NumPy reference. Everything
that FINN's passes ask for (shapes, widths, data types, HDL, estimates) follows from these.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from enum import Enum, auto
from fractions import Fraction
from math import prod
from pathlib import Path
from typing import Any, ClassVar

import jinja2
import numpy as np
from finn.custom_op.fpgadataflow.rtlbackend import RTLBackend
from onnx import GraphProto, NodeProto
from qonnx.core.datatype import BaseDataType
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp

from finn_build.dataflow.ops._ram import LUTS_PER_BRAM18
from finn_build.errors import UnsupportedModelError
from finn_build.identifiers import is_identifier

DOMAIN = "finn.custom_op.fpgadataflow.rtl"
FIFO_RTL = ("lib/sf_ram.sv", "lib/sf_fifo.sv")
ROM_RTL = ("lib/sf_rom_distributed.sv", "lib/sf_rom.sv")
RTL_DIR = Path(__file__).resolve().parents[2] / "rtl"
_WRAPPER = jinja2.Template(
    (RTL_DIR / "node.v.j2").read_text(), trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
)


@dataclass(frozen=True)
class Stream:
    """One AXI stream of an op.

    Attributes:
        shape: tensor shape, channels last, e.g. (1, H, W, C) or (1, C).
        lanes: elements per beat, adjacent in the last dimension; element 0 sits in the low bits.
        dtype: element type. BIPOLAR is one bit (1 means +1), signed types are two's complement.
    """

    shape: tuple[int, ...]
    lanes: int
    dtype: BaseDataType

    @property
    def beats(self) -> int:
        """Beats per frame."""
        return prod(self.shape) // self.lanes

    @property
    def folds(self) -> int:
        """Beats per pixel."""
        return self.shape[-1] // self.lanes

    @property
    def width(self) -> int:
        """Payload bits per beat."""
        return self.lanes * self.dtype.bitwidth()

    @property
    def width_padded(self) -> int:
        """Bits of tdata: the payload rounded up to whole bytes."""
        return -(-self.width // 8) * 8

    def carries(self, other: Stream) -> bool:
        """Whether both are the same beats: a flattened tensor streams like the map it flattens."""
        return (self.beats, self.lanes, self.dtype) == (other.beats, other.lanes, other.dtype)


@dataclass(frozen=True)
class Resources:
    """Estimated area of an op. `bram18` counts RAMB18 blocks, two to a RAMB36."""

    lut: int = 0
    ff: int = 0
    bram18: int = 0
    dsp: int = 0
    uram: int = 0

    def __add__(self, other: Resources) -> Resources:
        return Resources(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))


class Bits(int):
    """An RTL parameter of any width: written to the instance as a sized literal."""

    width: int

    @classmethod
    def of(cls, entries: Sequence[int], bits: int) -> Bits:
        """Entries of `bits` bits each, entry 0 in the low bits."""
        assert all(0 <= entry < 1 << bits for entry in entries), (entries, bits)
        packed = cls(sum(entry << (bits * i) for i, entry in enumerate(entries)))
        packed.width = bits * len(entries)
        return packed

    def __str__(self) -> str:
        return f"{self.width}'h{int(self):x}"


class Trait(Enum):
    """What passes have to know of an op, beside its streams and cycles."""

    COPIES = auto()  # every output has the channels of the input, in its order
    IN_STEP = auto()  # a channel leaves on all outputs when it enters on all inputs
    PACED = auto()  # gives its beats as they come: what reads it sees the rhythm of what feeds it
    CONVERTS = auto()  # the same tensor with other lanes
    SLIDES = auto()  # cuts windows out of an image, as fast as it can
    WINDOW = auto()  # waits for the rows of its first window: the op has IFMDim, KernelDim, Padding
    SHORTCUT = auto()  # its second input meets the sums of its windows, not the first input
    MONOTONE = auto()  # the ends of the inputs' ranges give those of the outputs'
    JOINS = auto()  # takes the channels of a pixel from several streams
    SPLITS = auto()  # gives the channels of a pixel to several streams
    FOLDED = auto()  # its lanes are chosen, by the search or in a build configuration


class StreamOp(RTLBackend):
    """Base of every op of the RTL library; registers with FINN as `<Op>_rtl`.

    A subclass defines the class attributes and the abstract methods below. Stream inputs come first among
    the node's inputs; parameters (weights, thresholds) follow as initializers and never become ports.
    """

    rtl_module: ClassVar[str]
    traits: ClassVar[frozenset[Trait]]
    rtl_sources: ClassVar[tuple[str, ...]]  # relative to finn_build/rtl, dependencies first
    vector_ports: ClassVar[bool] = False  # the module takes all its inputs, and gives all its outputs, as vectors

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if not hasattr(cls, "traits"):
            raise TypeError(f"{cls.__name__} states no traits: an op that says nothing would lack FIFOs or lose rate")

    @abstractmethod
    def streams_in(self) -> list[Stream]:
        """Input streams, in the order of the node's inputs."""

    @abstractmethod
    def streams_out(self) -> list[Stream]:
        """Output streams, in the order of the node's outputs."""

    @abstractmethod
    def rtl_parameters(self) -> dict[str, int | str]:
        """Parameters of the RTL module: integers, or strings such as memory file prefixes."""

    @abstractmethod
    def compute(self, *operands: np.ndarray) -> tuple[np.ndarray, ...]:
        """Compute outputs from inputs (streams, then parameters), all integers held in int64 arrays."""

    @abstractmethod
    def get_exp_cycles(self) -> int:
        """Cycles per frame in steady state when inputs never starve and outputs never stall."""

    @abstractmethod
    def resources(self) -> Resources:
        """Area estimate, fitted to Yosys `synth_xilinx`."""

    def fill_cycles(self) -> int:
        """Cycles from the first input beat to the first output beat at full rate."""
        return 1

    def window_cycles(self) -> int:
        """Cycles of one window, between the pixel that completes it and what it gives; 0 in what passes beats."""
        return 0

    def rows_kept(self) -> Fraction:
        """Part of its rows that it sends from what it kept, while it takes no input."""
        return Fraction(0)

    def burst_beats(self, stream: Stream) -> int:
        """Beats, of the stream that its output has become, which come at once; 0 where they come evenly."""
        return 0

    def beat_cycles(self, beats: np.ndarray) -> np.ndarray:
        """Cycles in which beats of an output come when no input is late, counted from anywhere.

        Args:
            beats: their numbers within a frame, int64, any shape.
        """
        return beats

    def beats_needed(self, beats: np.ndarray, port: int = 0) -> list[np.ndarray]:
        """For every input, how many beats of a frame have to be in before certain beats of an output can come out.

        What passes beats on, or only changes their width, needs the same part of each input.

        Args:
            beats: numbers of the output's beats within a frame, int64, any shape.
            port: the output.
        """
        made = self.streams_out()[port].beats
        return [-(-(beats + 1) * stream.beats // made) for stream in self.streams_in()]

    def legal_lanes(self) -> list[int]:
        """Values of PE that fold the op, ascending."""
        channels = self.streams_in()[0].shape[-1]
        return [lanes for lanes in range(1, channels + 1) if channels % lanes == 0]

    def memory_files(self, model: ModelWrapper) -> dict[str, list[str]]:
        """Memory images by file name, one hex word per line; names start with the node's name."""
        return {}

    # What FINN asks for follows from the above.

    def get_nodeattr_types(self) -> dict[str, Any]:
        """Attributes of the FINN base, those in `own_attributes`, and those of the whole design.

        They are the LUTs that a RAMB18 is worth, and the clock that the op is pipelined for, in MHz of a Zynq-7000.
        """
        whole = {"bramPrice": ("i", False, LUTS_PER_BRAM18), "clkMHz": ("f", False, 125.0)}
        return super().get_nodeattr_types() | whole | self.own_attributes()

    @classmethod
    def own_attributes(cls) -> dict[str, Any]:
        """Attributes of this op: name -> (type, required, default[, legal values])."""
        return {}

    @property
    def path_ns(self) -> float:
        """Longest path between two registers, with a fifth of the period as margin."""
        return 800.0 / float(self.attr("clkMHz"))

    def attr(self, name: str) -> Any:
        """Value of a node attribute."""
        return self.get_nodeattr(name)

    def get_input_datatype(self, ind: int = 0) -> BaseDataType:
        """Element type of input stream `ind`."""
        return self.streams_in()[ind].dtype

    def get_output_datatype(self, ind: int = 0) -> BaseDataType:
        """Element type of output stream `ind`."""
        return self.streams_out()[ind].dtype

    def get_normal_input_shape(self, ind: int = 0) -> tuple[int, ...]:
        """Shape of input `ind`, channels last."""
        return self.streams_in()[ind].shape

    def get_normal_output_shape(self, ind: int = 0) -> tuple[int, ...]:
        """Shape of output `ind`, channels last."""
        return self.streams_out()[ind].shape

    def get_folded_input_shape(self, ind: int = 0) -> tuple[int, ...]:
        """Shape of input `ind` with the last dimension split into (folds, lanes)."""
        return _folded(self.streams_in()[ind])

    def get_folded_output_shape(self, ind: int = 0) -> tuple[int, ...]:
        """Shape of output `ind` with the last dimension split into (folds, lanes)."""
        return _folded(self.streams_out()[ind])

    def get_instream_width(self, ind: int = 0) -> int:
        """Payload bits of input `ind`; 0 for a parameter, which has no port."""
        streams = self.streams_in()
        return streams[ind].width if ind < len(streams) else 0

    def get_outstream_width(self, ind: int = 0) -> int:
        """Payload bits of output `ind`."""
        return self.streams_out()[ind].width

    def get_number_output_values(self) -> int | dict[str, int]:
        """Beats per frame: a number for one output, a dictionary by port for several."""
        beats = {f"out{i}": s.beats for i, s in enumerate(self.streams_out())}
        return beats["out0"] if len(beats) == 1 else beats

    def infer_node_datatype(self, model: ModelWrapper) -> None:
        """Annotate the outputs' types in the model."""
        for name, stream in zip(self.onnx_node.output, self.streams_out(), strict=True):
            model.set_tensor_datatype(name, stream.dtype)

    def make_shape_compatible_op(self, model: ModelWrapper) -> NodeProto:
        """Stand-in node for ONNX shape inference; ops with several outputs set their shapes when made."""
        return super().make_const_shape_op(list(self.streams_out()[0].shape))

    def lut_estimation(self, fpgapart: str) -> int:
        """LUTs."""
        return self.resources().lut

    def bram_estimation(self, fpgapart: str) -> int:
        """RAMB18 blocks."""
        return self.resources().bram18

    def dsp_estimation(self, fpgapart: str) -> int:
        """DSP slices."""
        return self.resources().dsp

    def uram_estimation(self, fpgapart: str) -> int:
        """UltraRAM blocks."""
        return self.resources().uram

    def generate_hdl(self, model: ModelWrapper, fpgapart: str, clk: float) -> None:
        """Write the thin instance `<node>.v` and the memory files into `code_gen_dir_ipgen`."""
        code_dir = Path(self.attr("code_gen_dir_ipgen"))
        code_dir.mkdir(parents=True, exist_ok=True)
        name, parameters = self.get_verilog_top_module_name(), self.rtl_parameters()
        texts = [value.replace(".", "_") for value in parameters.values() if isinstance(value, str)]
        if not all(map(is_identifier, (name, *texts))):
            raise UnsupportedModelError(
                f"{name!r}: a node's name and texts become Verilog: only letters, digits and single underscores; "
                "apply GiveUniqueNodeNames first"
            )
        text = _WRAPPER.render(
            name=name,
            module=self.rtl_module,
            parameters=parameters,
            inputs=self.streams_in(),
            outputs=self.streams_out(),
            vectors=self.vector_ports,
        )
        (code_dir / f"{name}.v").write_text(text)
        for file_name, words in self.memory_files(model).items():
            (code_dir / file_name).write_text("\n".join(words) + "\n")
        self.set_nodeattr("gen_top_module", name)
        self.set_nodeattr("ipgen_path", str(code_dir))
        self.set_nodeattr("ip_path", str(code_dir))

    def get_rtl_file_list(self, abspath: bool = False) -> list[str]:
        """RTL sources, dependencies first, the thin instance last."""
        rtl, code = (RTL_DIR, Path(self.attr("code_gen_dir_ipgen"))) if abspath else (Path(), Path())
        return [str(rtl / s) for s in self.rtl_sources] + [str(code / f"{self.attr('gen_top_module')}.v")]

    def code_generation_ipi(self) -> list[str]:
        """Tcl for Vivado's IP integrator; FINN looks for each file by its name as it stands here, so without braces."""
        code_dir = Path(self.attr("code_gen_dir_ipgen"))
        files = self.get_rtl_file_list(abspath=True) + sorted(str(f) for f in code_dir.glob("*.mem"))
        return [f"add_files -norecurse {f}" for f in files] + [
            f"create_bd_cell -type module -reference {self.attr('gen_top_module')} {self.onnx_node.name}"
        ]

    def execute_node(self, context: dict[str, np.ndarray], graph: GraphProto) -> None:
        """Execute in NumPy integers, or in rtlsim when `exec_mode` says so."""
        if self.attr("exec_mode") == "rtlsim":
            self._execute_rtlsim(context, graph)
            return
        operands = [np.asarray(context[name]).astype(np.int64) for name in self.onnx_node.input]
        for i, stream in enumerate(self.streams_in()):
            operands[i] = operands[i].reshape(stream.shape)
        for name, value in zip(self.onnx_node.output, self.compute(*operands), strict=True):
            context[name] = value.astype(np.float32)

    def _execute_rtlsim(self, context: dict[str, np.ndarray], graph: GraphProto) -> None:
        """Run FINN's rtlsim with the parameters hidden: they live in memory files, not on ports."""
        parameters = list(self.onnx_node.input[len(self.streams_in()) :])
        del self.onnx_node.input[len(self.streams_in()) :]
        try:
            super().execute_node(context, graph)
        finally:
            self.onnx_node.input.extend(parameters)


def _folded(stream: Stream) -> tuple[int, ...]:
    return (*stream.shape[:-1], stream.shape[-1] // stream.lanes, stream.lanes)


def traits_of(node: NodeProto) -> frozenset[Trait]:
    """Traits of a node's op; none where it is not of this library."""
    found: frozenset[Trait] = (
        getattr(getCustomOp(node), "traits", frozenset()) if node.domain == DOMAIN else frozenset()
    )
    return found
