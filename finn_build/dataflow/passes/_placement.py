"""Where logical channels travel: a tensor of the integer graph is a list of places on streams, one per channel."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from onnx import NodeProto


@dataclass(frozen=True)
class Place:
    """A channel: its stream, its position there, and the factor that is still to be multiplied."""

    stream: str
    position: int
    factor: int = 1


@dataclass(frozen=True)
class Part:
    """Some channels of a stream that a reader wants alone."""

    name: str
    positions: tuple[int, ...]
    origin: NodeProto


@dataclass
class Carrier:
    """A stream, or a flattened view of one.

    Attributes:
        wire: tensor of the dataflow graph.
        order: logical channel at each position.
        vectors: shape without the channels.
        dtype: element type.
        parts: what readers want of it.
    """

    wire: str
    order: list[int]
    vectors: list[int]
    dtype: str
    parts: list[Part] = field(default_factory=list)

    def selections(self, read: set[str]) -> list[tuple[list[int], list[Part]]]:
        """The fewest splits that serve all parts read: where each position goes (-1 nowhere), and the parts."""
        groups: list[list[Part]] = []
        for part in (p for p in self.parts if p.name in read):
            home = next((g for g in groups if all(set(part.positions).isdisjoint(p.positions) for p in g)), None)
            if home is None:
                groups.append([part])
            else:
                home.append(part)
        return [
            ([next((i for i, p in enumerate(g) if k in p.positions), -1) for k in range(len(self.order))], g)
            for g in groups
        ]


@dataclass(frozen=True)
class Join:
    """How streams give a tensor: part i is `streams[i]` times `factors[i]`.

    Attributes:
        streams: what is joined.
        factors: one per stream.
        selection: stream of each channel of the result.
        order: logical channel at each position of the result.
    """

    streams: list[str]
    factors: list[int]
    selection: list[int]
    order: list[int]


class Placement:
    """The places of every tensor, and the carriers."""

    def __init__(self) -> None:
        self.places: dict[str, list[Place]] = {}
        self.carriers: dict[str, Carrier] = {}

    def add(self, name: str, carrier: Carrier) -> None:
        """A new stream (or view), which carries the tensor of its name."""
        self.carriers[name] = carrier
        self.set_order(name, carrier.order)

    def set_order(self, name: str, order: Sequence[int]) -> None:
        """State where the channels of a stream's own tensor are."""
        self.carriers[name].order = list(order)
        self.put(name, name, order)

    def put(self, tensor: str, stream: str, order: Sequence[int]) -> None:
        """State that a stream carries a tensor, its channels in `order`."""
        position = {channel: k for k, channel in enumerate(order)}
        self.places[tensor] = [Place(stream, position[c]) for c in sorted(position)]

    def whole(self, tensor: str) -> tuple[str, list[int]] | None:
        """The stream that carries just this tensor, and its order; None if there is none."""
        places = self.places[tensor]
        name = places[0].stream
        if any(p.stream != name or p.factor != 1 for p in places) or len(places) != len(self.carriers[name].order):
            return None
        order = sorted(range(len(places)), key=lambda c: places[c].position)
        return (name, order) if [places[c].position for c in order] == list(range(len(places))) else None

    def in_parts(self, tensor: str) -> bool:
        """Whether a tensor takes only some of the channels of a stream."""
        count = Counter(p.stream for p in self.places[tensor])
        return any(n != len(self.carriers[stream].order) for stream, n in count.items())

    def join(self, tensor: str, origin: NodeProto) -> Join:
        """How to make one stream of a tensor: in natural order where its streams keep that order, near it elsewhere.

        A channel that occurs twice comes from two streams.
        """
        groups: dict[tuple[str, int, int], list[tuple[int, int]]] = {}
        seen: Counter[tuple[str, int]] = Counter()
        for channel, place in enumerate(self.places[tensor]):
            again = seen[place.stream, place.position]
            seen[place.stream, place.position] += 1
            groups.setdefault((place.stream, place.factor, again), []).append((place.position, channel))
        waiting = [[channel for _, channel in sorted(group)] for group in groups.values()]
        selection, order = [], []
        while any(waiting):
            first = min((k for k in range(len(waiting)) if waiting[k]), key=lambda k: waiting[k][0])
            selection.append(first)
            order.append(waiting[first].pop(0))
        streams = [
            self._part(stream, tuple(sorted(p for p, _ in group)), origin) for (stream, *_), group in groups.items()
        ]
        return Join(streams, [factor for _, factor, _ in groups], selection, order)

    def _part(self, stream: str, positions: tuple[int, ...], origin: NodeProto) -> str:
        """The stream of some positions of a stream, of all of them itself."""
        carrier = self.carriers[stream]
        if len(positions) == len(carrier.order):
            return stream
        found = next((p for p in carrier.parts if p.positions == positions), None)
        if found is None:
            found = Part(f"{stream}_part{len(carrier.parts)}", positions, origin)
            carrier.parts.append(found)
            self.carriers[found.name] = Carrier(
                found.name, [carrier.order[p] for p in positions], carrier.vectors, carrier.dtype
            )
        return found.name
