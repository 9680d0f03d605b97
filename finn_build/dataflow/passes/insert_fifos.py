"""InsertFIFOs: the buffers without which a fork that joins again would stall, sized in closed form.

A window op (SWG, pool) gives its first beat when it has seen the first (kh - 1 - top) rows and (kw - left) pixels, so
each tensor lags the accelerator's input by a known part of a frame. Where two streams join, the one that lags less has
to wait: its FIFO holds the difference, in beats of its own, plus the latency of the pipelines and half a row. A frame
may pass at the target's rate, or, the first one, as fast as the ops before let it: pipelines then lag more beats. A
shortcut that enters a BitConv meets its sums, so it also waits for the window. A skip beside a path of windows gets no
less than it takes not to stall for ever (`_skips`). What comes through a split waits before the split, in one FIFO for
all parts, as long as the part that waits least. Where the order of beats within a pixel would block (`_pixel_order`),
or is about to cost rate, a join's input has a FIFO of a pixel.
A pool gives its rows in bursts; what follows at nearly the target rate gets a FIFO of one row of pool output. The
window of a convolution with stride does so too: where the next window op has as little time to spare, it gets a FIFO of
one row.
An SWG's ring is as deep as reading at full speed needs, of pixels that arrive at full speed. Where the ops before it
are slower, or the MVAU behind it replays each window, and there is no time to spare, a FIFO holds what has to be there
earlier (`pixels_kept`). A WideSWG that takes longer to begin a row than its reader for a window gives some ahead.
What makes several rows of one (Upsample, DepthToSpace) takes no input while it sends those that it kept; a FIFO gathers
it. A DepthToSpace sends a row of a block, then stores the others; a FIFO behind it holds what it sent.
An MVAU takes no input while it replays a vector for its row folds; unless a window op feeds it at full speed, a FIFO
gathers the next vector meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from math import ceil, prod
from typing import Any

from onnx import NodeProto, helper
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp
from qonnx.transformation.base import Transformation

from finn_build.dataflow.graph import Links
from finn_build.dataflow.ops.base import DOMAIN, Trait, traits_of
from finn_build.dataflow.ops.finn_op import chip_of
from finn_build.dataflow.passes._pixel_order import pixels_held
from finn_build.dataflow.passes._skips import least_depths
from finn_build.dataflow.stream import Stream
from finn_build.errors import ConfigError

_BUSY = 0.75  # of the interval between frames; with less to do an op catches up


class InsertFIFOs(Transformation):
    """Before: a fork's copy reaches its join at once. After: `StreamFIFO_rtl` of as many beats as the other side lags.

    Comes when folding and width converters stand.
    """

    def __init__(self, target_cycles: int, depths: Mapping[str, int] | None = None):
        """Args: `target_cycles` between frames; `depths`, beats by FIFO name that replace those found here."""
        super().__init__()
        self.target_cycles = target_cycles
        self.depths = dict(depths or {})
        self._busiest: dict[str, int] = {}
        self._interval = target_cycles

    def apply(self, model: ModelWrapper) -> tuple[ModelWrapper, bool]:
        """Insert all FIFOs; one application is enough.

        Raises:
            ConfigError: `depths` names no FIFO.
        """
        links = Links(model)
        self._busiest.clear()
        self._interval = max(self.target_cycles, *(getCustomOp(node).get_exp_cycles() for node in links.nodes))
        self._insert(links)
        links.finish()
        fifos = {n.name: n for n in model.graph.node if Trait.BUFFERS in traits_of(n)}
        for name, depth in self.depths.items():
            if name not in fifos:
                raise ConfigError(f"fifos: no FIFO is called {name}; legal: {', '.join(fifos) or 'none'}")
            getCustomOp(fifos[name]).set_nodeattr("depth", depth)
        return model, False

    def _insert(self, links: Links) -> None:
        paces: tuple[dict[str, int], ...] = ({}, {node.name: self._busiest_to(links, node) for node in links.nodes})
        lags = [(self._lags(links.model, pace), pace) for pace in paces]
        held, parts, least = self._held(links), {}, least_depths(links)
        for node in links.nodes:
            streams = getCustomOp(node).streams_in()
            if len(streams) > 1:
                met = [
                    [lag[node.input[k]] + self._until_join(node, k, pace) for k in range(len(streams))]
                    for lag, pace in lags
                ]
                for port, stream in enumerate(streams):
                    wait, producer = max(max(m) - m[port] for m in met), links.producer(node.input[port])
                    if producer is not None and Trait.SPLITS in traits_of(producer):
                        parts[node.input[port]] = (node, port, wait)
                        continue
                    bound = max(0, least.get((node.name, port), 0))
                    if depth := max(self._join_depth(stream, wait), held.get((node.name, port), 0), bound):
                        insert_fifo(links, node, port, max(2, depth), bound)
            else:
                depth = max(
                    _burst_depth(links, node),
                    _replay_depth(links, node),
                    self._stride_depth(links, node),
                    self._pace_depth(links, node),
                    self._ahead_depth(links, node),
                    _kept_depth(node),
                )
                if depth:
                    insert_fifo(links, node, 0, max(2, depth))
        for split in [n for n in links.nodes if Trait.SPLITS in traits_of(n)]:
            shared = min(parts[name][2] if name in parts else Fraction(0) for name in split.output)
            if depth := self._join_depth(getCustomOp(split).streams_in()[0], shared):
                insert_fifo(links, split, 0, depth)
            for node, port, wait in [parts[name] for name in split.output if name in parts]:
                stream = getCustomOp(node).streams_in()[port]
                if depth := max(self._join_depth(stream, wait - shared), held.get((node.name, port), 0)):
                    insert_fifo(links, node, port, max(2, depth))

    def _held(self, links: Links) -> dict[tuple[str, int], int]:
        """Beats of a pixel at those inputs of joins, (node, port), where it waits whole.

        There the order of beats would block, or a split or join is too busy to wait for the turn of the other.
        """
        held = pixels_held(links.model)
        for node in links.nodes:
            if Trait.JOINS not in traits_of(node) or Trait.IN_STEP in traits_of(node):  # it takes them all at once
                continue
            for port, stream in enumerate(getCustomOp(node).streams_in()):
                split = links.producer(node.input[port])
                if split is not None and Trait.SPLITS in traits_of(split):
                    busy = max(getCustomOp(n).get_exp_cycles() for n in (node, split))
                    if 2 * busy > self.target_cycles:
                        held[node.name, port] = stream.shape[-1] // stream.lanes
        return held

    def _until_join(self, node: NodeProto, port: int, pace: Mapping[str, int]) -> Fraction:
        """Part of a frame between a stream's arrival at an op and the place in it where it meets the others."""
        op = getCustomOp(node)
        cycles = pace.get(node.name, self.target_cycles)
        return self._window_lag(op, cycles) if Trait.SHORTCUT in op.traits and port == 0 else Fraction(0)

    def _lags(self, model: ModelWrapper, pace: Mapping[str, int]) -> dict[str, Fraction]:
        """Part of a frame by which each tensor lags the accelerator's input.

        Args:
            model: without FIFOs.
            pace: cycles in which a frame passes each op, by name; the target's where it says none.
        """
        lag = {i.name: Fraction(0) for i in model.graph.input}
        for node in model.graph.node:
            op, cycles = getCustomOp(node), pace.get(node.name, self.target_cycles)
            arrival = max(lag[node.input[k]] for k in range(len(op.streams_in())))
            own = Fraction(op.fill_cycles(), cycles)
            if Trait.WINDOW in op.traits:
                own = self._window_lag(op, cycles)
            if kept := op.rows_kept():
                own += kept / op.streams_in()[0].shape[1]
            for name in node.output:
                lag[name] = arrival + own
        return lag

    def _window_lag(self, op: Any, cycles: int) -> Fraction:
        """Part of a frame of so many cycles until the first window is complete, and the cycles of a window."""
        pixels = Fraction(op.window.first_pixels, prod(op.window.image))
        return pixels + Fraction(16 + op.window_cycles(), cycles)

    def _join_depth(self, stream: Stream, wait: Fraction) -> int:
        """Beats that arrive while the other operand is not there yet; 0 when it comes first."""
        if not wait:
            return 0
        rows = stream.shape[1] if len(stream.shape) == 4 else 1
        return max(2, ceil(wait * stream.beats) + stream.beats // rows // 2 + 4)

    def _stride_depth(self, links: Links, node: NodeProto) -> int:
        """One row of beats before a window op behind one with stride, when neither can catch up; 0 elsewhere.

        Of the latter only where it gives fewer beats than it takes: any other has no pause between its windows.
        """
        if Trait.WINDOW not in traits_of(node):
            return 0
        before = links.producer(node.input[0])
        while before is not None and Trait.PACED in traits_of(before):
            before = links.producer(before.input[0])
        slid = before is not None and traits_of(before) & {Trait.SLIDES, Trait.SHORTCUT}
        if before is None or not slid:
            return 0
        source, sink = getCustomOp(before), getCustomOp(node)
        strided = source.streams_in()[0].beats > source.streams_out()[0].beats
        busy = min(source.get_exp_cycles(), sink.get_exp_cycles()) > _BUSY * self.target_cycles
        stream = sink.streams_in()[0]
        return stream.beats // stream.shape[1] if strided and busy else 0

    def _pace_depth(self, links: Links, node: NodeProto) -> int:
        """Beats before a window that its own memory cannot hold when its windows are paced; 0 elsewhere."""
        reader = links.reader(node.output[0]) if Trait.SLIDES in traits_of(node) else None
        if reader is None:
            return 0
        op, after = getCustomOp(node), getCustomOp(reader)
        arrival, reading = self._busiest_before(links, node), max(op.get_exp_cycles(), after.get_exp_cycles())
        if max(arrival, reading) <= _BUSY * self.target_cycles:
            return 0
        return op.beats_missing(arrival, reading, 1 / after.vector_reads())

    def _ahead_depth(self, links: Links, node: NodeProto) -> int:
        """Beats behind an op that its reader takes while it has none; 0 where there is time for that."""
        producer = links.producer(node.input[0])
        return 0 if producer is None else getCustomOp(producer).beats_ahead(self._interval)

    def _busiest_to(self, links: Links, node: NodeProto) -> int:
        """Cycles per frame of the slowest op from the accelerator's input to a node, itself included."""
        return max(getCustomOp(node).get_exp_cycles(), self._busiest_before(links, node))

    def _busiest_before(self, links: Links, node: NodeProto) -> int:
        """Cycles per frame of the slowest op between the accelerator's input and a node."""
        if node.name not in self._busiest:
            producers = [p for p in map(links.producer, node.input) if p is not None]
            self._busiest[node.name] = max((self._busiest_to(links, p) for p in producers), default=0)
        return self._busiest[node.name]


def _burst_depth(links: Links, node: NodeProto) -> int:
    """One row of beats behind a pool, 0 elsewhere; behind a DepthToSpace a row of a block."""
    producer = links.producer(node.input[0])
    return 0 if producer is None else getCustomOp(producer).burst_beats(getCustomOp(node).streams_in()[0])


def _replay_depth(links: Links, node: NodeProto) -> int:
    """One vector before an op that reads it again, unless a window op feeds it; 0 elsewhere.

    An MVAU of several row folds takes no input while it replays a vector; the next one gathers in the FIFO meanwhile.
    """
    op, producer = getCustomOp(node), links.producer(node.input[0])
    if op.vector_reads() == 1:
        return 0
    while producer is not None and Trait.CONVERTS in traits_of(producer):
        producer = links.producer(producer.input[0])
    fed = producer is not None and Trait.SLIDES in traits_of(producer)
    return 0 if fed else op.streams_in()[0].folds


def insert_fifo(links: Links, node: NodeProto, port: int, depth: int, least: int = 0) -> None:
    """Put a FIFO of `depth` beats in front of input `port` of a node; a skip cannot do without `least` of them."""
    stream, tensor = getCustomOp(node).streams_in()[port], node.input[port]
    fifo = helper.make_node(
        "StreamFIFO_rtl", [tensor], [f"{tensor}_fifo"], name=f"FIFO_{links.added}", domain=DOMAIN,
        backend="fpgadataflow",
        **chip_of(getCustomOp(node)),
        shape=list(stream.shape), lanes=stream.lanes, dataType=stream.dtype.name, depth=depth,
        leastDepth=least,
    )  # fmt: skip
    fifo.doc_string = node.doc_string
    links.insert(fifo, node, port, stream.shape, stream.dtype)


def _kept_depth(node: NodeProto) -> int:
    """Beats of a row that arrive before an op while it sends the rows that it kept; 0 elsewhere."""
    op = getCustomOp(node)
    stream, kept = op.streams_in()[0], op.rows_kept()
    return ceil(stream.beats // stream.shape[1] * kept) + 4 if kept else 0
