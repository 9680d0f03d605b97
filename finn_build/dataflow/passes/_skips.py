"""How deep the FIFO of a skip has to be at least: with one beat less the design stalls for ever.

A skip goes from a fork straight to a join, beside a path of windows, pools and upsampling. Before the join can take its
first beat from that path, the fork has to give many: those that the path's windows reach over. It gives them to both
sides or to none, so the skip must hold what the join does not take yet. How many beats each op needs for each beat that
it gives, it says itself (`beats_needed`); composed along the path, they give the number for every beat of a frame. What
the fork and the width converters hold by themselves is taken off.
"""

from __future__ import annotations

import numpy as np
from onnx import NodeProto
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp

from finn_build.dataflow.graph import Links
from finn_build.dataflow.ops.base import Trait, traits_of

Ports = dict[tuple[str, int], int]  # (node, input) -> depth
_Needs = dict[str, np.ndarray]  # tensor -> for each of its beats, the beats that a fork has to give first


def least_depths(links: Links) -> Ports:
    """Least depth, in beats, of a FIFO at every join's input that a skip ends in; 0 and below where it needs none.

    Args:
        links: of a graph with width converters, without FIFOs.
    """
    found: Ports = {}
    nodes = links.nodes
    places = {node.name: k for k, node in enumerate(nodes)}
    for index, fork in enumerate(nodes):
        skips = _skips_from(links, fork) if Trait.COPIES in traits_of(fork) and len(fork.output) > 1 else {}
        if not skips:
            continue
        beats = np.arange(getCustomOp(fork).streams_out()[0].beats)
        needs: _Needs = dict.fromkeys(fork.output, beats + 1)
        last = max(places[name] for name, _ in skips)
        for node in nodes[index + 1 : last + 1]:
            for port in [port for name, port in skips if name == node.name]:
                asked, taken = _asked(node, 0, needs, skipping=port)
                if asked is not None:
                    before = np.concatenate(([0], taken[port][:-1]))
                    found[node.name, port] = int((_held(skips[node.name, port], asked) - before).max())
            for port, name in enumerate(node.output):
                asked, _ = _asked(node, port, needs)
                if asked is not None:
                    needs[name] = np.maximum.accumulate(asked)
    return found


def _asked(
    node: NodeProto, port: int, needs: _Needs, skipping: int | None = None
) -> tuple[np.ndarray | None, list[np.ndarray]]:
    """What a fork has to give for each beat of an output, by all inputs but one; None where none comes from it.

    Returns:
        That, and the beats of each input that the output's beats take.
    """
    if not any(name in needs for name in node.input):
        return None, []
    op = getCustomOp(node)
    taken = op.beats_needed(np.arange(op.streams_out()[port].beats), port)
    asked = [
        np.where(count > 0, needs[node.input[k]][count - 1], 0)
        for k, count in enumerate(taken)
        if k != skipping and node.input[k] in needs
    ]
    return (np.max(asked, axis=0) if asked else None), taken


def _skips_from(links: Links, fork: NodeProto) -> dict[tuple[str, int], list[NodeProto]]:
    """Joins that a fork reaches through width converters alone, (node, input), and those converters in order."""
    found = {}
    for tensor in fork.output:
        converters: list[NodeProto] = []
        reader = links.reader(tensor)
        while reader is not None and Trait.CONVERTS in traits_of(reader):
            converters.append(reader)
            tensor = reader.output[0]
            reader = links.reader(tensor)
        if reader is not None and len(getCustomOp(reader).streams_in()) > 1:
            found[reader.name, list(reader.input).index(tensor)] = converters
    return found


def _held(converters: list[NodeProto], given: np.ndarray) -> np.ndarray:
    """Beats that have left the last converter, or wait in front of it, when the fork has given some.

    The fork holds one beat that the skip has not taken; a converter to fewer lanes one wide beat and a narrow one; one
    to more lanes a wide beat and all but one part of the next.
    """
    need = given - 1
    for node in converters:
        op = getCustomOp(node)
        lanes_in, lanes_out = op.attr("inLanes"), op.attr("outLanes")
        parts = need // (lanes_out // lanes_in) if lanes_out >= lanes_in else lanes_in // lanes_out * (need - 1)
        need = parts - 1
    return need


def too_shallow(model: ModelWrapper) -> list[str]:
    """FIFOs that hold less than their skip takes, in words."""
    fifos = [(n, getCustomOp(n)) for n in model.graph.node if Trait.BUFFERS in traits_of(n)]
    return [
        f"{node.name} (skip to {node.doc_string}) holds {op.attr('depth'):,} beats and needs {op.attr('leastDepth'):,}"
        for node, op in fifos
        if op.attr("depth") < op.attr("leastDepth")
    ]
