"""What each output of a network means: inferred from what the network computes, or as the user says."""

from __future__ import annotations

from math import prod

from signflow_driver.meaning import Meaning

from finn_build.errors import ConfigError
from finn_build.frontend.integers import IntegerNetwork
from finn_build.frontend.integers.float_chain import ELEMENTWISE_OPS, MOVES
from finn_build.frontend.integers.quantizer import attribute

_SHARES = {
    *("Sigmoid", "HardSigmoid", "Softmax"),
    *("And", "Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Not", "Or"),
}  # what ends in one of these is from 0 to 1
_NO_CLASSES = {"ReduceMax", "ReduceMin", "TopK"}  # their numbers are of no class each
_PASSING = {"Cast", "Flatten", "Identity", "Reshape", "Squeeze", "Unsqueeze"}


def meanings(integers: IntegerNetwork, classes: int = 0, stated: str = "") -> dict[str, Meaning]:
    """The meaning of every output.

    Args:
        integers: the network.
        classes: how many the network names; 0 where it names none.
        stated: what the user says, a word of `config.OUTPUTS` for each output in order, with commas; empty to infer.

    Raises:
        ConfigError: a word that is none, too few or too many of them, or one that does not fit its output.
    """
    if not stated:
        return {name: _inferred(integers, name, classes) for name in integers.tails}
    words = [word.strip() for word in stated.split(",")]
    if len(words) != len(integers.tails):
        names = ", ".join(integers.tails)
        raise ConfigError(f"--output {stated}: {len(words)} word(s) for {len(integers.tails)} output(s) ({names})")
    return {name: _stated(integers, name, word) for name, word in zip(integers.tails, words, strict=True)}


def classes_of(integers: IntegerNetwork, name: str, meaning: Meaning) -> int:
    """How many classes an output tells apart; 0 where that is unknown."""
    if meaning.kind in ("logit", "mask"):
        return 2
    if meaning.kind in ("scores", "score map"):
        return integers.shapes[name][1]
    tensor, (last, by_host) = integers.tensors[integers.tails[name].source], _last_op(integers, name)
    if last != "ArgMax":
        return 0
    if not by_host:
        return int(tensor.high.max()) + 1
    tail = integers.tails[name]
    changed = {node.op_type for node in tail.nodes} - ELEMENTWISE_OPS - MOVES - {"ArgMax"}
    return 0 if changed or tail.beside else tensor.channels


def _inferred(integers: IntegerNetwork, name: str, classes: int) -> Meaning:
    """By the last operation that changes values, and by the values that can leave."""
    (last, by_host), tensor = _last_op(integers, name), integers.tensors[integers.tails[name].source]
    _, channels, *place = _layout(integers.shapes[name])
    if last in _NO_CLASSES:
        return Meaning("raw", why=f"ends in {last}")
    if last == "ArgMax" and (channels > 1 or not _of_channels(integers, name)):
        return Meaning("raw", why="ends in ArgMax, in a row or not over channels")
    if last == "ArgMax":
        return Meaning("label map" if place else "label", why="ends in ArgMax")
    if len(integers.shapes[name]) == 3 and tensor.channels > 1:
        return Meaning("raw", why="neither an image's result nor a map")
    if channels > 1:
        if classes and channels != classes:
            return Meaning("raw", why=f"{channels} numbers, for {classes} classes")
        return Meaning("score map" if place else "scores", why=f"a number for each of {channels} classes")
    kind, of = ("mask", "pixel") if place else ("logit", "image")
    if last in _SHARES:
        return Meaning(kind, 0.5, f"ends in {last}: 0 to 1 for each {of}")
    low, high = (tensor.to_float(ints.reshape(1, -1)) for ints in (tensor.low, tensor.high))
    if not by_host and len(tensor.every_integer()) == 2 + tensor.bipolar:
        return Meaning(kind, float(low.min() + high.max()) / 2, f"one of two values for each {of}")
    if by_host or low.min() < 0 < high.max():
        return Meaning(kind, 0.0, f"one number for each {of}, by its sign")
    return Meaning("raw", why=f"one number for each {of} that has no sign")


def _stated(integers: IntegerNetwork, name: str, word: str) -> Meaning:
    _, channels, *place = _layout(integers.shapes[name])
    kinds = {"raw": "raw", "classes": "label" if channels == 1 else "score" if place else "scores"}
    if place:
        kinds["classes"] += " map"
    elif channels > 1 and _last_op(integers, name)[0] == "ArgMax":
        del kinds["classes"]  # of a row of labels it is not known which pixels they are of
    if channels == 1:
        kinds |= {"mask": "mask"} if place else {"logit": "logit"}
    if word not in kinds:
        shape = tuple(integers.shapes[name])
        raise ConfigError(f"--output {word}: output {name} is of shape {shape}; legal: {', '.join(sorted(kinds))}")
    inferred = _inferred(integers, name, 0)
    threshold = 0.5 if inferred.kind.startswith("label") else inferred.threshold
    return Meaning(kinds[word], threshold if word in ("mask", "logit") else 0.0, "as stated")


def _layout(shape: tuple[int, ...]) -> tuple[int, ...]:
    """(N, C) of an image's result, (N, C, H, W) of a map's; labels have one channel."""
    if len(shape) == 3:
        shape = (shape[0], 1, *shape[1:])
    whole = (*shape, 1)[: max(2, len(shape))]
    return whole if prod(whole[2:]) > 1 else whole[:2]


def _of_channels(integers: IntegerNetwork, name: str) -> bool:
    """Whether an ArgMax of the host is over channels: the dimension behind N, or the last where they went there."""
    nodes = integers.tails[name].nodes
    found = next((node for node in nodes if node.op_type == "ArgMax"), None)
    if found is None:
        return True  # the accelerator's
    kept, axis = attribute(found, "keepdims", 1), attribute(found, "axis", 0)
    rank = len(integers.shapes[name]) + (not kept)
    moved = any(node.op_type == "Transpose" for node in nodes)
    return axis % rank == (rank - 1 if moved else 1)


def _last_op(integers: IntegerNetwork, name: str) -> tuple[str, bool]:
    """The last operation that changes values, and whether the host does it."""
    tail = integers.tails[name]
    for node in reversed(tail.nodes):
        if node.op_type not in _PASSING:
            return node.op_type, True
    made = {output: node for node in integers.model.graph.node for output in node.output}
    tensor = tail.source
    while tensor in made and made[tensor].op_type in _PASSING:
        tensor = made[tensor].input[0]
    return made[tensor].op_type if tensor in made else "", False
