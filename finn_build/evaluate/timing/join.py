"""A whole design from the netlists of its ops: every instance of an op is replaced by the op's own cells.

Nothing is summed up on the way: paths through several ops and the fan-out of nets between them are those of the whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from finn_build.evaluate.timing.netlist import Bit, Cell, Netlist


def join(top: Netlist, ops: Mapping[str, Netlist]) -> Netlist:
    """Put netlists in place of the cells of a netlist that name them as their kind.

    Args:
        top: the design, with an instance per op.
        ops: netlists by name of their module.

    Returns:
        One flat netlist; cells of an op carry its instance as their scope.
    """
    nets = _Nets()
    names = dict(top.names)
    cells: list[Cell] = []
    offset = 1 + max((b for b in _bits(top) if isinstance(b, int)), default=0)
    for cell in top.cells:
        if (op := ops.get(cell.kind)) is None:
            cells.append(cell)
            continue
        shift = {bit: bit + offset for bit in _bits(op) if isinstance(bit, int)}
        offset += 1 + max(shift, default=0)
        for port, inner in (*op.inputs.items(), *op.outputs.items()):
            for outside, inside in zip(cell.pins.get(port, ()), inner, strict=False):
                nets.merge(outside, shift.get(inside, inside) if isinstance(inside, int) else inside)
        scope = cell.name.rsplit(".", 1)[-1]
        cells += [replace(c, scope=scope, pins={p: _moved(b, shift) for p, b in c.pins.items()}) for c in op.cells]
        names |= {shift[bit]: name for bit, name in op.names.items() if bit in shift}
    return _settled(replace(top, cells=tuple(cells), names=names), nets)


class _Nets:
    """Nets that are one, constants included (union-find)."""

    def __init__(self) -> None:
        self._parent: dict[Bit, Bit] = {}

    def root(self, bit: Bit) -> Bit:
        while (parent := self._parent.get(bit, bit)) != bit:
            self._parent[bit] = self._parent.get(parent, parent)
            bit = parent
        return bit

    def merge(self, a: Bit, b: Bit) -> None:
        a, b = self.root(a), self.root(b)
        if isinstance(a, str):  # a constant stays the root
            a, b = b, a
        if a != b and isinstance(a, int):
            self._parent[a] = b


def _bits(netlist: Netlist) -> Iterable[Bit]:
    ports = (*netlist.inputs.values(), *netlist.outputs.values())
    return {b for bits in (*ports, *(p for c in netlist.cells for p in c.pins.values())) for b in bits}


def _moved(bits: tuple[Bit, ...], shift: Mapping[int, int]) -> tuple[Bit, ...]:
    return tuple(shift[b] if isinstance(b, int) else b for b in bits)


def _settled(netlist: Netlist, nets: _Nets) -> Netlist:
    """Every net by its one number, named as its driver names it."""

    def one(bits: tuple[Bit, ...]) -> tuple[Bit, ...]:
        return tuple(nets.root(b) for b in bits)

    driven = {
        root: netlist.names[b]
        for c in netlist.cells
        for pin in c.outputs
        for b in c.pins[pin]
        if isinstance(b, int) and b in netlist.names and isinstance(root := nets.root(b), int)
    }
    return replace(
        netlist,
        inputs={name: one(bits) for name, bits in netlist.inputs.items()},
        outputs={name: one(bits) for name, bits in netlist.outputs.items()},
        cells=tuple(replace(c, pins={p: one(bits) for p, bits in c.pins.items()}) for c in netlist.cells),
        names={**netlist.names, **driven},
    )
