"""What becomes of the networks by hand with some of each changed by chance: why a file is refused, or its integers."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from finn_build.errors import UnsupportedModelError
from finn_build.frontend.import_qonnx import import_qonnx
from finn_build.frontend.integers import to_integers
from sim.golden import IntegerModel
from tests.frontend.test_changed_networks import changed
from tests.records.graphs import graph_parts, tensor_parts
from tests.records.record import Said, brief

SEED, GROUPS, IN_GROUP = 1204, 40, 25


def said_of_changed(group: int, folder: Path) -> dict[str, Said]:
    """What becomes of a few files."""
    files = range(group * IN_GROUP, (group + 1) * IN_GROUP)
    return {f"changed {group}": {str(number): "; ".join(map(brief, _said(number, folder))) for number in files}}


def _said(number: int, folder: Path) -> list[object]:
    _, signed, model = changed(SEED, number)
    (folder / "net.onnx").write_bytes(model.SerializeToString())
    try:
        network = to_integers(import_qonnx(folder / "net.onnx"))
    except UnsupportedModelError as error:
        return ["refused", str(error).replace(str(folder), "")]
    if network.problems:
        return ["problems", *network.problems]
    tensors = network.tensors.values()
    rng = np.random.default_rng(number)
    shape = (2, *next(iter(tensors)).shape[1:])
    ints = rng.integers(-2 if signed else 0, 2 if signed else 4, shape)
    values = IntegerModel(network.model).run(ints, [t.name for t in tensors][1:]).values()
    return ["built", graph_parts(network.model), [tensor_parts(t) for t in tensors], list(values)]
