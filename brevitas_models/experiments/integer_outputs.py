"""A trained network in the integers of its accelerator: the model that the build's gate compares RTL with."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch

from brevitas_models.data.images import ImageSet, to_float
from finn_build.errors import GateError, UnsupportedModelError
from finn_build.frontend.integers import to_integers
from finn_build.frontend.network import from_checkpoint
from sim.golden import IntegerModel

BATCH = 64


def integer_outputs(checkpoint: Path, data: ImageSet) -> np.ndarray:
    """Outputs of the network for all images, computed in integers and equal to PyTorch's.

    Shapes:
        [N, classes] logits, or [N, 1, H, W] masks of +1 and -1.

    Raises:
        GateError: an output differs from PyTorch's.
        UnsupportedModelError: the network cannot be computed in integers.
    """
    with TemporaryDirectory() as folder:
        network = from_checkpoint(checkpoint, Path(folder))
    integers = to_integers(network.qonnx)
    if integers.problems:
        problem = integers.problems[0]
        raise UnsupportedModelError(f"{checkpoint}: {problem.node}: {problem.why}; {problem.cure}")
    output, tail = next(iter(integers.tails.items()))
    pixels = to_float(data.images)
    sums = IntegerModel(integers.model).run(integers.quantize_images(pixels))[integers.tensors[tail.source].name]
    found = integers.to_network_output(output, sums)
    assert network.torch is not None, "a checkpoint has a PyTorch network"
    with torch.inference_mode():
        expected = torch.cat([network.torch(x) for x in torch.from_numpy(pixels).split(BATCH)]).numpy()
    if not np.array_equal(found, expected):
        image, *place = np.argwhere(found != expected)[0].tolist()
        raise GateError(
            f"{checkpoint}: integer model and PyTorch differ in {(found != expected).sum()} of {found.size} outputs; "
            f"the first is output {place} of {data.names[image]}: {found[image, *place]} and {expected[image, *place]}"
        )
    return found
