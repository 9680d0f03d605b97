"""An op as FINN asks for it: shapes, widths, HDL, estimates and execution, all from what an op states."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Self

import jinja2
import numpy as np
from finn.custom_op.fpgadataflow.rtlbackend import RTLBackend
from onnx import AttributeProto, GraphProto, NodeProto
from qonnx.core.datatype import BaseDataType
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp

from finn_build.dataflow.ops._memory import Rom
from finn_build.dataflow.ops._widths import Numbers, require_held
from finn_build.dataflow.stream import Bits, Resources, Stream
from finn_build.errors import SimulationError, UnsupportedModelError
from finn_build.identifiers import is_identifier

RTL_DIR = Path(__file__).resolve().parents[2] / "rtl"
_WRAPPER = jinja2.Template(
    (RTL_DIR / "node.v.j2").read_text(), trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
)


_TYPES: dict[type, dict[str, Any]] = {}  # attributes of each class
_CHIP = {"clkMHz": ("f", 125.0), "lutsPerBram18": ("i", 190), "lutsPerDsp": ("i", 242)}  # until it is told: XC7Z020
_CHIP["streamBits"] = ("i", 0)  # of the widest stream that the back end takes; 0: any


class FinnOp(RTLBackend):
    """Streams, RTL and values of an op; the rest of what FINN's passes call follows from these.

    Stream inputs come first among the node's inputs; parameters (weights, thresholds) follow as initializers and never
    become ports.
    """

    rtl_module: ClassVar[str]
    rtl_sources: ClassVar[tuple[str, ...]]  # relative to finn_build/rtl, dependencies first
    vector_ports: ClassVar[bool] = False  # the module takes all its inputs, and gives all its outputs, as vectors
    ram_styles: ClassVar[tuple[str, ...]]  # memories that `ram_style` may name, beside "auto"; none: nothing to place

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

    def idle_inputs(self) -> dict[str, int]:
        """Inputs of the RTL that this node leaves alone, e.g. `in1`: their bits."""
        return {}

    def roms(self) -> list[Rom | None]:
        """Memories beside the module, by the slots of its `rom_*` ports; None: a slot that is not read."""
        return []

    def memory_files(self, model: ModelWrapper) -> dict[str, list[str]]:
        """Memory images by file name, one hex word per line; names start with the node's name."""
        return {}

    def numbers(self, model: ModelWrapper) -> Iterable[Numbers]:
        """Numbers of its parameters with the types that the RTL reads them as; not those that it clips or wraps."""
        return ()

    def get_nodeattr_types(self) -> dict[str, Any]:
        """Attributes of the FINN base, those in `own_attributes`, and those of the whole design.

        They are the clock that the op is pipelined for, in MHz of a Zynq-7000; the LUTs that are the same share of the
        chip as a RAMB18 and as a DSP slice; and the LUTs that a RAMB18 is worth in this design, 0 for that share.
        """
        kind = type(self)
        if kind not in _TYPES:
            whole: dict[str, Any] = {name: (form, False, value) for name, (form, value) in _CHIP.items()}
            whole["bramPrice"] = ("i", False, 0)
            if self.ram_styles:
                whole["ram_style"] = ("s", False, "auto", {"auto", *self.ram_styles})
            _TYPES[kind] = super().get_nodeattr_types() | whole | self.own_attributes()
        return _TYPES[kind]

    def get_nodeattr(self, name: str) -> Any:
        """Value of an attribute, as QONNX reads it, which looks through all of them each time.

        Raises:
            AttributeError, Exception: no such attribute, or a required one is not set; as QONNX's.
        """
        found, known = self._attributes.get(name), _TYPES[type(self)].get(name)
        if known is None:
            return super().get_nodeattr(name)
        form, required, default, *legal = known
        if found is None:
            added = len(self.onnx_node.attribute) != len(self._attributes)
            absent = list(default) if isinstance(default, list) else default
            return super().get_nodeattr(name) if added or required else absent
        value = getattr(found, form)
        if form == "s":
            value = value.decode()
        elif form in ("ints", "floats"):
            value = list(value)
        elif form not in ("i", "f"):
            return super().get_nodeattr(name)
        assert not legal or legal[0] is None or value in legal[0], f"{name} = {value} not in {legal[0]}"
        return value

    @cached_property
    def _attributes(self) -> dict[str, AttributeProto]:
        """Attributes that are set, by name; they stay part of the node, so values that change are seen."""
        self.get_nodeattr_types()
        return {attribute.name: attribute for attribute in self.onnx_node.attribute}

    def set_nodeattr(self, name: str, value: Any) -> None:
        """Set an attribute; what was computed from the ones before is forgotten."""
        super().set_nodeattr(name, value)
        for known in [n for n in vars(self) if isinstance(getattr(type(self), n, None), cached_property)]:
            del self.__dict__[known]

    def changed(self, **attributes: Any) -> Self:
        """A copy with other attributes."""
        op: Self = getCustomOp(NodeProto.FromString(self.onnx_node.SerializeToString()))
        for name, value in attributes.items():
            op.set_nodeattr(name, value)
        return op

    @classmethod
    def own_attributes(cls) -> dict[str, Any]:
        """Attributes of this op: name -> (type, required, default[, legal values])."""
        return {}

    @property
    def bram_price(self) -> int:
        """LUTs that a RAMB18 is worth."""
        return int(self.attr("bramPrice") or self.attr("lutsPerBram18"))

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
        require_held(self.onnx_node.name, self.numbers(model))
        code_dir = Path(self.attr("code_gen_dir_ipgen"))
        code_dir.mkdir(parents=True, exist_ok=True)
        name, parameters = self.get_verilog_top_module_name(), self.rtl_parameters()
        texts = [value.replace(".", "_") for value in parameters.values() if isinstance(value, str)]
        if not all(map(is_identifier, (name, *texts))):
            raise UnsupportedModelError(
                f"{name!r}: a node's name and texts become Verilog: only letters, digits and single underscores; "
                "apply GiveUniqueNodeNames first"
            )
        for key, value in parameters.items():  # an `int` of SystemVerilog; sized literals are as wide as they say
            if isinstance(value, int) and not isinstance(value, Bits) and not -(1 << 31) <= value < 1 << 31:
                raise UnsupportedModelError(f"{self.onnx_node.name}: {key} of {value}; legal: numbers of 32 bits")
        text = _WRAPPER.render(
            name=name,
            module=self.rtl_module,
            parameters=parameters,
            inputs=self.streams_in(),
            outputs=self.streams_out(),
            vectors=self.vector_ports,
            idle=self.idle_inputs(),
            roms=self.roms(),
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
            self._require_carried(operands[i], stream)
        results = self.compute(*operands)
        for name, value, stream in zip(self.onnx_node.output, results, self.streams_out(), strict=True):
            self._require_carried(value, stream)
            context[name] = value.astype(np.float32)

    def _require_carried(self, values: np.ndarray, stream: Stream) -> None:
        """Raise SimulationError where values are none of a stream's type: the RTL, whose bits it states, cuts them."""
        least, most = int(values.min()), int(values.max())
        if not stream.dtype.allowed(least) or not stream.dtype.allowed(most):
            what = f"{least} to {most} on a stream of {stream.dtype.name}; the graph's types are wrong"
            raise SimulationError(f"{self.onnx_node.name}: {what}")

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


def chip_of(op: FinnOp) -> dict[str, Any]:
    """What an op knows of the chip, as attributes of one that is made for the same design."""
    return {name: op.attr(name) for name in _CHIP}
