"""A design in its shell as an executable: Verilator's model with the board harness around it, cached."""

from __future__ import annotations

import re
from pathlib import Path

from finn_build.board.shell import MANIFEST, TOP
from finn_build.errors import SimulationError
from finn_build.processes import Progress
from sim._cache import build_once, cache_dir, digest
from sim._toolchain import BOARD_HARNESS, KEPT_SIMULATORS, runtime_key, runtime_library
from sim._verilate import FLAGS, build_simulator

_PORT = re.compile(r"^\s*,?\s*(?:input|output)\s+wire\s+(?:\[[^\]]*\]\s*)?(\w+)", re.MULTILINE)
_RESERVED = {"interrupt": "__SYM__interrupt"}  # how Verilator calls a pin whose name C++ code may use
_BINDING = """// Generated: pins of the model for the board harness.
#include "board_harness.h"
#include "Vsim.h"
namespace signflow {{
namespace {{
template <typename T> Pin pin(T& signal) {{ return {{reinterpret_cast<uint8_t*>(&signal), sizeof(T)}}; }}

struct Bound final : BoardModel {{
    Vsim sim;
    explicit Bound(VerilatedContext* context) : sim{{context}} {{
        pins = {{
{pins}
        }};
    }}
    void eval() override {{ sim.eval(); }}
    void finish() override {{ sim.final(); }}
}};
}}  // namespace

std::unique_ptr<BoardModel> make_board(VerilatedContext* context) {{ return std::make_unique<Bound>(context); }}
}}  // namespace signflow
"""


def compile_board(folder: Path, on_progress: Progress | None = None) -> Path:
    """Compile the design of a folder that `write_shell` filled, or find it in the cache.

    Args:
        folder: with `shell.f`.
        on_progress: called with the fraction of the C++ compilation that is done.

    Returns:
        The executable.

    Raises:
        SimulationError: no such design, or it does not compile.
    """
    try:
        names = (folder / MANIFEST).read_text().splitlines()
        sources = {folder / n: (folder / n).read_bytes() for n in names if not n.startswith(("//", "+"))}
    except OSError as error:
        raise SimulationError(f"{error.filename}: {error.strerror}; build the accelerator first") from error
    ports = _PORT.findall(sources[folder / f"{TOP}.v"].decode())
    pins = "\n".join(f'            {{"{name}", pin(sim.{_RESERVED.get(name, name)})}},' for name in ports)
    binding = _BINDING.format(pins=pins)
    named = (part for path, text in sources.items() for part in (path.name, text))
    key = digest([*named, TOP, binding, runtime_key("", BOARD_HARNESS), *FLAGS])

    def build(target: Path) -> None:
        build_simulator(TOP, sources, binding, runtime_library("", BOARD_HARNESS), "", target, on_progress)

    return build_once(cache_dir() / "verilated" / key, build, KEPT_SIMULATORS) / "simulator"
