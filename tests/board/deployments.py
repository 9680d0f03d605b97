"""Small networks built up to what the driver needs: design, shell, description; and what they should give."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from brevitas.nn import QuantConv2d, QuantIdentity, QuantLinear
from torch import Tensor, nn

from brevitas_models.data.images import to_float
from brevitas_models.layers.activations import BatchNorm2d
from brevitas_models.layers.quantizers import BipolarAct, act_quantizer, weight_quantizer
from finn_build.board.deploy_folder import write_deployment
from finn_build.board.description import write_description
from finn_build.frontend import network as networks
from finn_build.frontend.export import export_qonnx
from finn_build.frontend.import_qonnx import import_qonnx
from finn_build.state import Build
from sim.golden import IntegerModel
from tests.builds.networks import SmallResidual, randomize
from tests.builds.pipeline_runs import run_steps, start_build

STEPS = ("integers", "lower", "fold", "buffer", "stitch")
FRAMES = 4


class MapAndScores(nn.Module):
    """RGB, 4-bit pixels, so that beats hold parts of bytes; a mask of +1 and -1 for each pixel, and scores."""

    def __init__(self) -> None:
        super().__init__()
        self.pixels = act_quantizer(4, signed=False, max_value=1.0)
        self.conv = QuantConv2d(3, 4, 3, padding=1, bias=False, **weight_quantizer(1))
        self.norms = nn.ModuleList((BatchNorm2d(4), BatchNorm2d(1)))
        self.act = act_quantizer(3, signed=True, max_value=4.0)
        self.head = QuantConv2d(4, 1, 1, bias=False, **weight_quantizer(1))
        self.sign = QuantIdentity(act_quant=BipolarAct, return_quant_tensor=False)
        self.dense = QuantLinear(4 * 8 * 6, 3, bias=False, **weight_quantizer(8))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = self.act(self.norms[0](self.conv(self.pixels(x))))
        return self.sign(self.norms[1](self.head(x))), self.dense(x.flatten(1))


@dataclass(frozen=True)
class Deployment:
    """A folder that the simulated board takes, and the build it came from."""

    folder: Path
    build: Build

    @property
    def bitfile(self) -> Path:
        """The bitstream; the simulated board needs only its name."""
        return self.folder / "accelerator.bit"

    def images(self, count: int, seed: int = 0) -> np.ndarray:
        """Random pixels, uint8 (N, C, H, W)."""
        shape = (count, *self.build.network.input_shape[1:])
        return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)

    def expected(self, images: np.ndarray) -> dict[str, np.ndarray]:
        """Outputs of the network by the integer model."""
        integers = self.build.integers
        assert integers is not None
        values = IntegerModel(integers.model).run(integers.quantize_images(to_float(images)))
        return {name: integers.to_network_output(name, values[tail.source]) for name, tail in integers.tails.items()}


def deploy(model: nn.Module, shape: tuple[int, ...], folder: Path) -> Deployment:
    """Build a network, in eval mode, up to what the driver needs."""
    path = export_qonnx(model, folder / "net.onnx", shape)
    build = start_build(networks.from_qonnx(path), folder)
    run_steps(build, (*STEPS, "shell"))
    write_description(build, folder / "accelerator.json")
    return Deployment(folder, build)


def grey_scores(folder: Path) -> Deployment:
    """A grey classifier of 11 x 9 pixels."""
    torch.manual_seed(3)
    return deploy(randomize(SmallResidual(bits=2, signed=True), seed=4), (1, 1, 11, 9), folder)


def colour_map_and_scores(folder: Path) -> Deployment:
    """RGB, 8 x 6 pixels, with two outputs."""
    torch.manual_seed(3)
    return deploy(randomize(MapAndScores(), seed=10), (1, 3, 8, 6), folder)


def square_masks(folder: Path) -> Deployment:
    """Grey, 8 x 8 pixels, a mask of +1 and -1."""
    layers = (
        act_quantizer(8, signed=False, max_value=1.0),
        QuantConv2d(1, 4, 3, padding=1, bias=False, **weight_quantizer(1)),
        BatchNorm2d(4),
        act_quantizer(3, signed=True, max_value=4.0),
        QuantConv2d(4, 1, 1, bias=False, **weight_quantizer(1)),
        BatchNorm2d(1),
        QuantIdentity(act_quant=BipolarAct, return_quant_tensor=False),
    )
    torch.manual_seed(3)
    return deploy(nn.Sequential(*layers).eval(), (1, 1, 8, 8), folder)


def deployed(model: nn.Module, size: tuple[int, ...], out: Path, channels: tuple[int, ...] = (1,)) -> Build:
    """A build up to its deployment folder, without the simulations of the gate: the notebook compares with PyTorch."""
    torch.manual_seed(3)
    qonnx = import_qonnx(export_qonnx(model, out / "net.onnx", (1, *channels, *size)))
    network = networks.ImportedNetwork(qonnx, model, "small", "test", tuple(f"${c}^{{$" for c in "abcde"), False)
    build = run_steps(start_build(network, out, FRAMES), (*STEPS, "shell", "execute"))
    write_deployment(build, out / "deploy")
    return build
