"""Verilator behind FINN's simulator seam: after `install`, FINN's own rtlsim runs without Vivado.

FINN reaches its simulator through names of the module `finn.xsi`; here they get our simulator. What FINN calls
the simulation library (`xsim.dir/<top>/xsimk.so`) is a small JSON file that points to the compiled executable.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from finn_build.errors import SimulationError
from sim._verilate import HEADER_SUFFIXES, discover_streams
from sim.verilator import TopStream, compile_model

_RTL_SUFFIXES = (".v", ".sv", *HEADER_SUFFIXES)


@dataclass(frozen=True)
class Simulation:
    """A loaded design, between `load_sim_obj` and `close_rtlsim`; FINN knows it as SimEngine.

    Attributes:
        top: Top module.
        sources: HDL files.
        inputs: Streams in, beats as yet unknown.
        outputs: Streams out, beats as yet unknown.
        memory_dir: Folder of the top's source, where memory files lie.
        trace_file: Where to write waves, if asked for.
    """

    top: str
    sources: tuple[Path, ...]
    inputs: tuple[TopStream, ...]
    outputs: tuple[TopStream, ...]
    memory_dir: Path
    trace_file: Path | None


def install() -> None:
    """Fill the names of `finn.xsi`. Call it before `finn.builder` is imported; calling it again does no harm."""
    import finn.xsi

    backend = {
        "SimEngine": Simulation,
        "compile_sim_obj": compile_sim_obj,
        "load_sim_obj": load_sim_obj,
        "reset_rtlsim": lambda sim, *args, **kwargs: None,  # every run begins with a reset
        "rtlsim_multi_io": rtlsim_multi_io,
        "close_rtlsim": lambda sim: None,
        "locate_glbl": lambda: None,
        "get_simkernel_so": lambda: "",
        "is_available": lambda: True,
        "ensure_available": lambda: True,
    }
    for name, value in backend.items():
        setattr(finn.xsi, name, value)


def compile_sim_obj(
    top_module_name: str,
    source_list: Sequence[str],
    sim_out_dir: Path,
    debug: bool = False,
    behav: bool = False,
    fifosim: bool = False,
) -> tuple[Path, Path]:
    """Compile a design and leave in `sim_out_dir` the file that FINN will load.

    `behav` is ignored: it would swap FIFOs for unbounded models, and what is simulated here is what is built.

    Returns:
        The folder and the file's path in it.

    Raises:
        SimulationError: A source is not Verilog, or the design does not compile.
    """
    foreign = [path for path in source_list if not path.endswith(_RTL_SUFFIXES)]
    if foreign or fifosim:
        raise SimulationError(f"{top_module_name}: Verilator cannot simulate {', '.join(foreign) or 'fifosim'}")
    sources = [Path(path).absolute() for path in dict.fromkeys(source_list)]
    streams = discover_streams(top_module_name, {path: path.read_bytes() for path in sources})
    inputs, outputs = (
        [TopStream(name, width, 1, upper) for role, name, width, upper in streams if role == wanted]
        for wanted in ("INPUT", "OUTPUT")
    )
    compile_model(top_module_name, sources, inputs, outputs, trace=debug)
    library = Path("xsim.dir") / top_module_name / "xsimk.so"
    (sim_out_dir / library).parent.mkdir(parents=True, exist_ok=True)
    text = {
        "top": top_module_name,
        "sources": [str(path) for path in sources],
        "inputs": [asdict(port) for port in inputs],
        "outputs": [asdict(port) for port in outputs],
        "trace": debug,
    }
    (sim_out_dir / library).write_text(json.dumps(text, indent=1))
    return sim_out_dir, library


def load_sim_obj(
    sim_out_dir: Path, out_so_relative_path: Path, tracefile: str | None = None, simkernel_so: str | None = None
) -> Simulation:
    """Load what `compile_sim_obj` left; relative trace files lie in `sim_out_dir`."""
    text = json.loads((sim_out_dir / out_so_relative_path).read_text())
    sources = tuple(Path(path) for path in text["sources"])
    return Simulation(
        top=text["top"],
        sources=sources,
        inputs=tuple(TopStream(**port) for port in text["inputs"]),
        outputs=tuple(TopStream(**port) for port in text["outputs"]),
        memory_dir=next((path.parent for path in sources if path.stem == text["top"]), sim_out_dir),
        trace_file=sim_out_dir / tracefile if tracefile and text["trace"] else None,
    )


def rtlsim_multi_io(
    sim: Simulation,
    io_dict: dict[str, dict[str, list[int]]],
    num_out_values: int | dict[str, int],
    sname: str = "_V_V",
    liveness_threshold: int = 10000,
    liveness_estimate: float | None = None,
) -> int:
    """Feed lists of packed beats, fill the output lists, and return the cycles it took.

    Raises:
        SimulationError: The design has other streams, or no stream moved for `liveness_threshold` cycles.
    """
    names = list(io_dict["outputs"])
    counts = num_out_values if isinstance(num_out_values, dict) else {names[0]: num_out_values}
    beats = {f"{name}{sname}": len(values) for name, values in io_dict["inputs"].items()}
    beats |= {f"{name}{sname}": int(counts[name]) for name in names}
    unknown = {port.name for port in (*sim.inputs, *sim.outputs)} ^ set(beats)
    if unknown:
        raise SimulationError(f"{sim.top}: streams without a match on the other side: {sorted(unknown)}")
    inputs, outputs = ([replace(p, beats=beats[p.name]) for p in ports] for ports in (sim.inputs, sim.outputs))
    simulator = compile_model(sim.top, sim.sources, inputs, outputs, trace=sim.trace_file is not None)
    result = simulator.run(
        {port.name: _to_bytes(io_dict["inputs"][port.name.removesuffix(sname)], port) for port in inputs},
        1,
        cwd=sim.memory_dir,
        watchdog_cycles=liveness_threshold,
        trace_file=sim.trace_file,
    )
    for name in names:
        rows = result.outputs[f"{name}{sname}"]
        io_dict["outputs"][name] = [int.from_bytes(row.tobytes(), "little") for row in rows]
    return result.cycles


def _to_bytes(values: Sequence[Any], port: TopStream) -> np.ndarray:
    raw = b"".join(int(value).to_bytes(port.width // 8, "little") for value in values)
    return np.frombuffer(raw, np.uint8).reshape(len(values), port.width // 8)
