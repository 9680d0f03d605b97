"""Who imports whom, read from the sources: what is under `if TYPE_CHECKING` and inside functions counts too."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("brevitas_models", "finn_build", "sim")
Graph = dict[str, set[str]]


def modules() -> dict[str, Path]:
    """Every module of the project by its dotted name, packages by the name of their folder."""
    found = {}
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            if "signflow_driver" in path.parts:
                continue  # a package of its own that imports none of these
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def import_graph() -> Graph:
    """Modules and what each imports; `import a.b.c` runs the `__init__` of `a` and `a.b` as well."""
    known = modules()
    return {name: set(_imports(name, path, known)) for name, path in known.items()}


def _imports(name: str, path: Path, known: dict[str, Path]) -> Iterator[str]:
    if "iter_modules(__path__)" in path.read_text():  # a package that imports all that lies in it
        yield from (other for other in known if other.rpartition(".")[0] == name and "._" not in other)
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            assert node.module and not node.level, f"{path}: relative import"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            wanted = [full if full in known else node.module for full in names]
        elif isinstance(node, ast.Import):
            wanted = [alias.name for alias in node.names]
        else:
            continue
        for parts in (full.split(".") for full in wanted):
            for end in range(1, len(parts) + 1):
                part = ".".join(parts[:end])
                if part in known and part != name and not name.startswith(f"{part}."):  # its own packages are there
                    yield part


def circles(graph: Graph) -> list[list[str]]:
    """Sets of modules that reach each other."""
    reach = {name: _reachable(graph, name) for name in graph}
    rings = {tuple(sorted(other for other in reach[name] if name in reach[other])) for name in graph}
    return [list(ring) for ring in rings if ring]


def _reachable(graph: Graph, start: str) -> set[str]:
    seen, waiting = set(), list(graph[start])
    while waiting:
        if (name := waiting.pop()) not in seen:
            seen.add(name)
            waiting += graph.get(name, ())
    return seen


# The rooms from the bottom up; a module is of the room whose name is the longest beginning of its own.
ROOMS = (
    *(
        "finn_build.errors",
        "finn_build.terminal",
        "finn_build.identifiers",
        "finn_build.licence",
        "finn_build.wheel",
        "finn_build.processes",
    ),
    "finn_build.given",
    *("finn_build.locks", "finn_build.config", "finn_build.families", "finn_build.output_folder", "sim"),
    *("brevitas_models.data", "brevitas_models.layers", "brevitas_models.networks", "brevitas_models.training"),
    *("brevitas_models.classical", "brevitas_models.inspection"),
    *("finn_build.arithmetic", "finn_build.frontend", "finn_build.dataflow", "sim.packing"),
    *("finn_build.rtl", "sim.wave_layout", "sim.stitched", "sim.isolated", "finn_build.hls", "sim.csim"),
    *("finn_build.board", "sim._board_model", "sim.board", "sim.pynq_host"),
    *("finn_build.evaluate", "finn_build.proof", "finn_build.finn"),
    "finn_build.state",  # what follows takes the state of a whole build
    "finn_build.kept",
    *("finn_build.board.ddr_skips", "finn_build.board.description", "finn_build.board.deploy_folder"),
    "finn_build.board.package",
    *("finn_build.board.steps", "finn_build.hls.steps", "finn_build.report"),
    *("finn_build.board.bitstream.report", "finn_build.board.finish"),  # these draw the page of the report again
    *(
        "finn_build.saved_graphs",
        "finn_build.pipeline",
        "finn_build.progress",
        "finn_build.resume",
        "finn_build.options",
        "finn_build.combinations",
        "finn_build.command",
        "finn_build.doctor",
        "finn_build.build",
    ),
    *("finn_build.quick", "finn_build.completion", "finn_build.console"),
    *("finn_build.api", "finn_build.python"),
    *("brevitas_models.experiments", "brevitas_models.inspection.command", "brevitas_models"),  # and the commands
    "finn_build.sweep",  # which shares the cluster of the experiments
)


def room(module: str) -> str:
    """The room of a module."""
    return max((r for r in ROOMS if module == r or module.startswith(f"{r}.")), key=len)


def arrows_up(graph: Graph) -> list[str]:
    """Imports from a room to one above it."""
    order = {name: place for place, name in enumerate(ROOMS)}
    inside = {
        name: wanted - {"finn_build", "brevitas_models"} for name, wanted in graph.items() if name != "finn_build"
    }
    pairs = ((name, other) for name, wanted in inside.items() for other in wanted)
    return sorted(f"{name} -> {other}" for name, other in pairs if order[room(name)] < order[room(other)])
