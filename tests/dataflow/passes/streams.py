"""A small lowered network for the tests of the passes that make the dataflow graph."""

from pathlib import Path

import numpy as np
import torch
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.core.onnx_exec import execute_onnx

from finn_build.dataflow.passes.insert_duplicates import InsertDuplicates
from finn_build.dataflow.passes.lower_to_streams import LowerToStreams
from finn_build.frontend.export import export_qonnx
from finn_build.frontend.import_qonnx import import_qonnx
from finn_build.frontend.integers import IntegerNetwork, to_integers
from tests.builds.networks import SmallResidual, randomize

SHAPE = (1, 1, 11, 9)


def integer_network(folder: Path, bits: int = 2) -> IntegerNetwork:
    """A residual network of three convolutions, compiled to integers."""
    torch.manual_seed(2)
    model = randomize(SmallResidual(bits, signed=True), seed=6)
    return to_integers(import_qonnx(export_qonnx(model, folder / "net.onnx", SHAPE)))


def lowered(folder: Path, bits: int = 2) -> ModelWrapper:
    """Its dataflow graph, one lane each, forks split."""
    return integer_network(folder, bits).model.transform(LowerToStreams()).transform(InsertDuplicates())


def execute(model: ModelWrapper, image: np.ndarray) -> np.ndarray:
    """The graph's only output, for one frame (1, H, W, C)."""
    name = model.graph.input[0].name
    return execute_onnx(model, {name: image.astype(np.float32)})[model.graph.output[0].name]


def frame(seed: int = 0) -> np.ndarray:
    """A random frame, channels last."""
    return np.random.default_rng(seed).integers(0, 256, (1, *SHAPE[2:], SHAPE[1]))
