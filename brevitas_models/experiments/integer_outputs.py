"""A trained network in the integers of its accelerator: the model that the build's gate compares RTL with."""

from collections.abc import Sequence
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


class InIntegers:
    """A network computed in integers, made once for many images.

    Raises:
        UnsupportedModelError: it cannot be computed in integers.
    """

    def __init__(self, checkpoint: Path) -> None:
        with TemporaryDirectory() as folder:
            network = from_checkpoint(checkpoint, Path(folder))
        assert network.torch is not None, "a checkpoint has a PyTorch network"
        self.checkpoint, self.torch = checkpoint, network.torch
        self.integers = to_integers(network.qonnx)
        if self.integers.problems:
            problem = self.integers.problems[0]
            raise UnsupportedModelError(f"{checkpoint}: {problem.node}: {problem.why}; {problem.cure}")
        self.model = IntegerModel(self.integers.model)

    def __call__(self, images: np.ndarray, names: Sequence[str] = ()) -> np.ndarray:
        """Outputs for images, equal to PyTorch's.

        Shapes:
            images [N, C, H, W] uint8 to [N, classes] logits, or [N, 1, H, W] masks of +1 and -1.

        Raises:
            GateError: an output differs from PyTorch's; `names` tell of which image.
        """
        pixels = to_float(images)
        output, tail = next(iter(self.integers.tails.items()))
        sums = self.model.run(self.integers.quantize_images(pixels))[self.integers.tensors[tail.source].name]
        found = self.integers.to_network_output(output, sums)
        with torch.inference_mode():
            expected = torch.cat([self.torch(x) for x in torch.from_numpy(pixels).split(BATCH)]).numpy()
        if not np.array_equal(found, expected):
            image, *place = np.argwhere(found != expected)[0].tolist()
            raise GateError(
                f"{self.checkpoint}: integer model and PyTorch differ in {(found != expected).sum()} of {found.size} "
                f"outputs; the first is output {place} of {names[image] if names else f'image {image}'}: "
                f"{found[image, *place]} and {expected[image, *place]}"
            )
        return found


def integer_outputs(checkpoint: Path, data: ImageSet) -> np.ndarray:
    """Outputs of the network for all images of a set: see `InIntegers`."""
    return InIntegers(checkpoint)(data.images, data.names)
