"""From a graph of hardware ops to one plain Verilog design in a self-contained folder.

Every node's HDL, the library modules it needs, its memory files and the top module lie flat in one folder, with
`sources.f` naming them by relative paths, so any tool run in that folder reads the design.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from onnx import NodeProto
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp

from finn_build.dataflow.ops.base import StreamOp, Trait, traits_of
from finn_build.dataflow.stream import Stream
from finn_build.errors import UnsupportedModelError
from finn_build.identifiers import is_identifier
from finn_build.licence import license_files
from finn_build.rtl._stitched_top import (
    Cell,
    DesignSkip,
    DesignStream,
    Pin,
    connected,
    side_by_side,
    top_source,
)

MANIFEST = "sources.f"
_HEADERS = (".vh", ".svh")
MEMORY = "// memory file: "
WAIVERS = Path(__file__).parent / "waivers.vlt"  # of the lint that the library passes
_MEMORY_SUFFIXES = (".mem", ".dat")


@dataclass(frozen=True)
class StitchedDesign:
    """A design on disk.

    Attributes:
        top: Top module.
        sources: HDL files, dependencies first, the top last.
        inputs: Streams into the top.
        outputs: Streams out of the top.
        taps: Streams between two nodes; their nets stay visible in simulation.
        mem_dir: Folder of the memory files, where a simulation must run.
        longest_cycles: Expected cycles per frame of the slowest node.
        skips: FIFOs outside of it, which the shell makes in the board's memory.
        fifos: Of every FIFO, those of `skips` too, the tensor into it by the tensor out of it.
        memory_bits: No memory in block RAM or UltraRAM has more.
    """

    top: str
    sources: tuple[Path, ...]
    inputs: tuple[DesignStream, ...]
    outputs: tuple[DesignStream, ...]
    taps: tuple[DesignStream, ...]
    mem_dir: Path
    longest_cycles: int
    skips: tuple[DesignSkip, ...] = ()
    fifos: Mapping[str, str] = field(default_factory=dict)
    memory_bits: int = 0

    @property
    def files(self) -> list[Path]:
        """Sources and memory files."""
        return [*self.sources, *(path for path in sorted(self.mem_dir.iterdir()) if path.suffix in _MEMORY_SUFFIXES)]

    @property
    def is_plain(self) -> bool:
        """Whether it is Verilog-2005 throughout."""
        return all(path.suffix == ".v" for path in self.sources)


def stitch(
    model: ModelWrapper,
    out_dir: Path,
    *,
    top: str = "accelerator",
    connect: bool = True,
    part: str = "xc7z020clg400-1",
    clk_ns: float = 10.0,
) -> StitchedDesign:
    """Write the design of a dataflow graph.

    Args:
        model: Graph of hardware ops only, with unique node names. `code_gen_dir_ipgen` of its nodes is set.
        out_dir: Folder to write; files of an earlier design in it are replaced.
        top: Name of the top module.
        connect: False leaves the nodes unconnected, every stream a port `<node>__<port>` of the top.
        part: FPGA part, for ops whose HDL depends on it.
        clk_ns: Clock period in ns, for ops whose HDL depends on it.

    Returns:
        The design; its top has `s_axis_{i}` and `m_axis_{j}` ports in the order of the graph's inputs and outputs, and
        a pair `m_skip_{k}`, `s_skip_{k}` for each FIFO in memory.

    Raises:
        UnsupportedModelError: A node is no hardware op, or two nodes do not fit together.
    """
    out_dir = Path(out_dir).absolute()
    out_dir.mkdir(parents=True, exist_ok=True)
    _remove_previous(out_dir)
    ops = _hardware_ops(model)
    skips = [node for node, op in ops if isinstance(op, StreamOp) and op.in_memory]
    built = [(node, op) for node, op in ops if node not in skips]
    cells = [_generate(model, node, op, out_dir, part, clk_ns) for node, op in built]
    wiring = connected(model, cells, skips) if connect else side_by_side(cells)
    (out_dir / f"{top}.v").write_text(top_source(top, cells, wiring, clk_ns))
    sources = _gather([*(path for cell in cells for path in cell.sources), out_dir / f"{top}.v"], out_dir)
    of_finn = {
        p.name for (_, op), c in zip(built, cells, strict=True) if not isinstance(op, StreamOp) for p in c.sources
    }
    license_files(out_dir, (path for path in sources if path.name not in of_finn))
    write_manifest(sources, out_dir)
    longest = max(int(op.get_exp_cycles()) for _, op in ops)
    fifos = {n.output[0]: n.input[0] for n, _ in ops if connect and Trait.BUFFERS in traits_of(n)}
    bits = max((op.resources().memory_bits for _, op in ops if isinstance(op, StreamOp)), default=0)
    return StitchedDesign(
        top, sources, wiring.inputs, wiring.outputs, wiring.taps, out_dir, longest, wiring.skips, fifos, bits
    )


def _remove_previous(out_dir: Path) -> None:
    """Delete what an earlier design listed here, so that nothing stale can be taken for part of this one."""
    manifest = out_dir / MANIFEST
    if manifest.is_file():
        for line in manifest.read_text().splitlines():
            if not line.startswith("+"):
                (out_dir / Path(line.removeprefix(MEMORY)).name).unlink(missing_ok=True)
        manifest.unlink()


def _hardware_ops(model: ModelWrapper) -> list[tuple[NodeProto, Any]]:
    """Ops of all nodes, or one error that names every node that is none."""
    found, offending = [], []
    for node in model.graph.node:
        try:
            op = getCustomOp(node)
        except Exception:  # qonnx raises whatever the lookup of an unknown op happens to hit
            op = None
        if hasattr(op, "generate_hdl"):
            found.append((node, op))
        else:
            offending.append(f"{node.name or node.op_type} ({node.op_type})")
    if offending:
        raise UnsupportedModelError(f"stitching needs hardware ops only; these are none: {', '.join(offending)}")
    names = [node.name for node, _ in found]
    if not names or len(set(names)) != len(names) or not all(map(is_identifier, names)):
        raise UnsupportedModelError(
            "stitching needs nodes with unique names of letters, digits and single underscores; apply "
            "GiveUniqueNodeNames first"
        )
    return found


def _generate(model: ModelWrapper, node: NodeProto, op: Any, out_dir: Path, part: str, clk_ns: float) -> Cell:
    op.set_nodeattr("code_gen_dir_ipgen", str(out_dir))
    op.generate_hdl(model, part, clk_ns)
    interfaces = op.get_verilog_top_module_intf_names()
    if interfaces.get("axilite") or interfaces.get("aximm"):
        raise UnsupportedModelError(f"{node.name}: has a memory-mapped port, which cannot be stitched")
    inputs, outputs = node_streams(op)
    sources = tuple(Path(path) for path in op.get_rtl_file_list(abspath=True))
    module = op.get_nodeattr("gen_top_module")
    declared = _input_ports(next(path for path in sources if path.stem == module).read_text())

    def pins(side: str, tensors: Sequence[str], streams: dict[int, Stream]) -> tuple[Pin, ...]:
        return tuple(
            Pin(port := f"{side}{i}_V", tensors[i], stream, not {f"{port}_tdata", f"{port}_tready"} & declared)
            for i, stream in streams.items()
        )

    return Cell(
        name=node.name,
        module=module,
        sources=sources,
        inputs=pins("in", node.input, inputs),
        outputs=pins("out", node.output, outputs),
        unused=tuple(sorted(p for p in declared if not p.startswith(("ap_clk", "ap_rst", "in", "out")))),
    )


def _input_ports(wrapper: str) -> set[str]:
    """Names of the input ports that a module declares."""
    code = re.sub(r"//[^\n]*|/\*.*?\*/", "", wrapper, flags=re.DOTALL)
    return set(re.findall(r"\binput\b\s*(?:wire\b|logic\b)?\s*(?:\[[^\]]*\])?\s*(\w+)", code))


def node_streams(op: Any) -> tuple[dict[int, Stream], dict[int, Stream]]:
    """Input and output streams of a hardware op by index, of our library or of FINN's.

    Raises:
        UnsupportedModelError: FINN states a width that its folded shape does not explain.
    """
    if isinstance(op, StreamOp):
        return dict(enumerate(op.streams_in())), dict(enumerate(op.streams_out()))
    interfaces = op.get_verilog_top_module_intf_names()
    found: list[dict[int, Stream]] = []
    for key, side in (("s_axis", "input"), ("m_axis", "output")):
        streams = {}
        for name, width in interfaces[key]:
            index = int(re.sub(r"\D", "", name))
            shape, folded, dtype = (
                getattr(op, f"get_{what}")(index)
                for what in (f"normal_{side}_shape", f"folded_{side}_shape", f"{side}_datatype")
            )
            streams[index] = Stream(tuple(int(d) for d in shape), int(folded[-1]), dtype)
            if streams[index].width_padded != width:
                raise UnsupportedModelError(f"{op.onnx_node.name}: {name} is {width} bits, not {streams[index]}")
        found.append(streams)
    return found[0], found[1]


def _gather(sources: Sequence[Path], out_dir: Path) -> tuple[Path, ...]:
    """Copy library modules into the folder, each once, and make generated files independent of its place.

    Raises:
        UnsupportedModelError: Two different files share a name.
    """
    found: dict[str, bytes] = {}
    for path in sources:
        text = path.read_bytes().replace(f"{out_dir}/".encode(), b"")
        if found.setdefault(path.name, text) != text:
            raise UnsupportedModelError(f"{path}: another source of the design has the same name")
        if path.parent != out_dir or text != path.read_bytes():
            (out_dir / path.name).write_bytes(text)
    return tuple(out_dir / name for name in found)


def write_manifest(sources: Sequence[Path], out_dir: Path) -> None:
    """List sources for any tool, by names relative to the folder, and the memory files as comments."""
    lines = ["+incdir+."] if any(path.suffix in _HEADERS for path in sources) else []
    lines += [path.name for path in sources if path.suffix not in _HEADERS]
    lines += [MEMORY + path.name for path in sorted(out_dir.iterdir()) if path.suffix in _MEMORY_SUFFIXES]
    (out_dir / MANIFEST).write_text("\n".join(lines) + "\n")
