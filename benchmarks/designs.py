"""What every preset's design chooses: lanes, FIFO depths and memories of each op, as text to compare revisions by.

    python benchmarks/designs.py OUT [PRESET ...]     builds up to `buffer`, a file OUT/<preset>-<board>.txt each
    diff -r OUT_BEFORE OUT_AFTER                      nothing, where a change was to keep them

Takes minutes for the presets that search for the fastest design, seconds for those with a folding. Run it from the
checkout that it is to build; a preset whose text is there already is skipped.
"""

import usage  # isort: skip  # noqa: F401

import subprocess
import sys
from pathlib import Path

import onnx
from onnx import helper

ROOT = Path(__file__).resolve().parent.parent
BOARDS = ("pynq-z2", "zcu104")
_CHOICES = (
    *("PE", "SIMD", "Lanes", "InLanes", "inLanes", "outLanes", "WindowCycles", "depth", "leastDepth"),
    *("ram_style", "bramPrice", "affineSteps", "spanBits"),
)


def choices(graph: Path) -> str:
    """A line for each op of a saved hardware graph."""
    lines = []
    for node in onnx.load(str(graph)).graph.node:
        known = {a.name: helper.get_attribute_value(a) for a in node.attribute if a.name in _CHOICES}
        shown = (f"{k}={v.decode() if isinstance(v, bytes) else v}" for k, v in sorted(known.items()))
        lines.append(" ".join([node.name, node.op_type, *shown]))
    return "\n".join(lines) + "\n"


def build(preset: Path, board: str, out: Path) -> None:
    """Build up to the FIFOs; what does not fit the board says so in its file."""
    text = out / f"{preset.stem}-{board}.txt"
    if text.exists():
        return
    made = out / f"{preset.stem}-{board}"
    command = [sys.executable, "finn_build/build.py", "--config", str(preset), "--board", board]
    ran = subprocess.run([*command, "--stop", "buffer", "--out", str(made)], cwd=ROOT, capture_output=True, text=True)
    text.write_text(choices(made / "steps" / "buffer.onnx") if ran.returncode == 0 else ran.stderr.splitlines()[-1])


if __name__ == "__main__":
    folder = Path(sys.argv[1]).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    for path in sorted((ROOT / "hw_configs").glob("*.yaml")):
        if not sys.argv[2:] or path.stem in sys.argv[2:]:
            own = [b for b in BOARDS if path.stem.endswith(b)]
            for name in own or BOARDS:
                build(path, name, folder)
