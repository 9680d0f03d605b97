"""Draws docs/rooms.svg: the rooms of the code, each above all that it imports, as `tests/import_graph.py` reads them.

    python docs/draw_rooms.py

Arrows that follow from others are left out.
"""

import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.import_graph import ROOMS, import_graph, room  # noqa: E402

PICTURE = ROOT / "docs" / "rooms.svg"
_WIDTH, _HEIGHT, _GAP, _RISE = 158, 26, 14, 58
_GROUPS = {"brevitas_models": "#f3d9b1", "sim": "#cfe3c8", "finn_build": "#c9d8ee"}
_LINE = '<path d="M{x1} {y1} C{x1} {c1}, {x2} {c2}, {x2} {y2}" fill="none" stroke="#888" marker-end="url(#tip)"/>'
_BOX = (
    '<rect x="{x}" y="{y}" width="{w}" height="{h}" rx="5" fill="{fill}" stroke="#555"/>'
    '<text x="{cx}" y="{ty}">{name}</text>'
)
Graph = dict[str, set[str]]


def room_graph() -> Graph:
    """Rooms that have modules, and the rooms that each imports."""
    found: Graph = {}
    for name, wanted in import_graph().items():
        if name not in _GROUPS:
            found.setdefault(room(name), set()).update(room(w) for w in wanted if w not in _GROUPS)
    return {name: {w for w in wanted if w in found and w != name} for name, wanted in found.items()}


def _levels(graph: Graph) -> dict[str, int]:
    """How high each stands: one above the highest that it imports."""
    levels: dict[str, int] = {}
    for name in (r for r in ROOMS if r in graph):  # from the bottom up
        levels[name] = max((levels[w] + 1 for w in graph[name]), default=0)
    return levels


def _direct(graph: Graph) -> Graph:
    """Without the arrows that follow from others."""
    below: Graph = {}
    for name in (r for r in ROOMS if r in graph):
        below[name] = graph[name].union(*(below[w] for w in graph[name]))
    return {name: {w for w in wanted if not any(w in below[o] for o in wanted)} for name, wanted in graph.items()}


def picture() -> str:
    """The SVG."""
    graph = room_graph()
    levels, arrows = _levels(graph), _direct(graph)
    rows: dict[int, list[str]] = defaultdict(list)
    for name in (r for r in ROOMS if r in graph):
        rows[levels[name]].append(name)
    width = max(map(len, rows.values())) * (_WIDTH + _GAP) + _GAP
    height = (max(rows) + 1) * _RISE + _GAP
    places = {}
    for level, names in rows.items():
        left = (width - len(names) * (_WIDTH + _GAP) + _GAP) // 2
        for k, name in enumerate(names):
            places[name] = (left + k * (_WIDTH + _GAP), height - _GAP - level * _RISE - _HEIGHT)
    parts = []
    for name, wanted in arrows.items():
        for other in sorted(wanted):
            (x1, y1), (x2, y2) = places[name], places[other]
            x1, x2, y1, y2 = x1 + _WIDTH // 2, x2 + _WIDTH // 2, y1 + _HEIGHT, y2 - 5
            parts.append(_LINE.format(x1=x1, y1=y1, c1=y1 + 24, x2=x2, c2=y2 - 24, y2=y2))
    for name, (x, y) in places.items():
        fill, short = _GROUPS[name.split(".")[0]], name.removeprefix("finn_build.").removeprefix("brevitas_models.")
        parts.append(_BOX.format(x=x, y=y, w=_WIDTH, h=_HEIGHT, fill=fill, cx=x + _WIDTH // 2, ty=y + 18, name=short))
    body = "\n".join(parts)
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">
<style>text {{ font: 12px sans-serif; text-anchor: middle }}</style>
<defs><marker id="tip" markerWidth="7" markerHeight="7" refX="3" refY="3" orient="auto">
<path d="M0 0L6 3L0 6z" fill="#888"/></marker></defs>
<rect width="{width}" height="{height}" fill="white"/>
{body}
</svg>
"""


if __name__ == "__main__":
    PICTURE.write_text(picture())
