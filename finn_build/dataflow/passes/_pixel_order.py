"""Where the order of beats within a pixel would block: which inputs of joins need a FIFO of a pixel."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import pairwise

from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp

from finn_build.dataflow.ops.base import Trait, traits_of

Channel = tuple[str, int, int]  # tensor, channels of a pixel, position


def pixels_held(model: ModelWrapper) -> dict[tuple[str, int], int]:
    """Inputs of joins, (node, port), at which a pixel has to wait whole, and its beats.

    A stream gives its beats in order, and a split, a copy or a join passes a beat when its other end does. Seen as one
    moment, the same beat on all its streams, moments follow one another in the order of each stream. A circle of them
    would never come to pass: x0 before x1 in the stream that is split, and x1 before x0 where its parts join. A FIFO
    of a pixel at each join of a circle parts the moments.
    """
    moments = _Moments()
    for node in model.graph.node:
        op = getCustomOp(node)
        outputs = [_channels(t, s.shape[-1]) for t, s in zip(node.output, op.streams_out(), strict=True)]
        inputs = [_channels(t, s.shape[-1]) for t, s in zip(node.input, op.streams_in(), strict=False)]
        for stream in (*inputs, *outputs):
            moments.in_order(stream)
        if Trait.IN_STEP in op.traits:
            for stream in (*inputs[1:], *outputs):
                moments.same(inputs[0], stream)
        elif op.traits & {Trait.SPLITS, Trait.JOINS}:
            whole, parts = (inputs[0], outputs) if Trait.SPLITS in op.traits else (outputs[0], inputs)
            for i, part in enumerate(parts):
                moments.same(part, [c for c, s in zip(whole, op.attr("Selection"), strict=True) if s == i])
    circular = moments.circular()
    return {
        (node.name, port): stream.shape[-1] // stream.lanes
        for node in model.graph.node
        if Trait.JOINS in traits_of(node)
        for port, stream in enumerate(getCustomOp(node).streams_in())
        if any(moments.find(c) in circular for c in _channels(node.input[port], stream.shape[-1]))
    }


class _Moments:
    """Channels that pass at the same moment, and which moment comes before which."""

    def __init__(self) -> None:
        self._parent: dict[Channel, Channel] = {}
        self._order: list[tuple[Channel, Channel]] = []

    def find(self, channel: Channel) -> Channel:
        """The channel that stands for a moment."""
        root = channel
        while (parent := self._parent.get(root, root)) != root:
            root = parent
        if root != channel:
            self._parent[channel] = root
        return root

    def same(self, a: list[Channel], b: list[Channel]) -> None:
        """Channels pass at the same moments, one by one; a map and its flattened view do not."""
        if len(a) == len(b):
            for x, y in zip(a, b, strict=True):
                self._parent[self.find(x)] = self.find(y)

    def in_order(self, stream: list[Channel]) -> None:
        """Channels of one stream follow one another."""
        self._order += pairwise(stream)

    def circular(self) -> set[Channel]:
        """Moments that wait for themselves, and those between such."""
        edges = {(self.find(a), self.find(b)) for a, b in self._order}
        return _behind_circles(edges) & _behind_circles({(b, a) for a, b in edges})


def _behind_circles(edges: set[tuple[Channel, Channel]]) -> set[Channel]:
    """Ends of edges that lie on a circle or behind one: what is left when what nothing leads to is taken away."""
    left = {end for edge in edges for end in edge}
    led_to, leads_to = Counter(b for _, b in edges), defaultdict(list)
    for a, b in edges:
        leads_to[a].append(b)
    free = [end for end in left if not led_to[end]]
    while free:
        end = free.pop()
        left.discard(end)
        for after in leads_to[end]:
            led_to[after] -= 1
            if not led_to[after]:
                free.append(after)
    return left


def _channels(tensor: str, count: int) -> list[Channel]:
    return [(tensor, count, k) for k in range(count)]
