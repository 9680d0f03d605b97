"""Outputs that float32's rounding of the last sums decides are taken for level 1's, no others."""

from pathlib import Path

import numpy as np
import torch
from brevitas.nn import QuantConv2d, QuantIdentity
from brevitas.quant import Int8ActPerTensorFloat, Int8WeightPerTensorFloat
from torch import Tensor, nn

from finn_build.frontend.export import export_qonnx
from finn_build.frontend.import_qonnx import import_qonnx
from finn_build.frontend.integers import to_integers
from finn_build.proof import levels
from finn_build.proof.last_sums import settle


class _Positive(nn.Module):
    """A mask of sums on a float scale."""

    def __init__(self) -> None:
        super().__init__()
        self.pixels = QuantIdentity(Int8ActPerTensorFloat, bit_width=3)
        self.sums = QuantConv2d(3, 2, 1, bias=False, weight_quant=Int8WeightPerTensorFloat, weight_bit_width=2)

    def forward(self, x: Tensor) -> Tensor:
        return (self.sums(self.pixels(x)) > 0).to(torch.float32)


def test_sums_of_zero_alone_may_be_positive(tmp_path: Path) -> None:
    torch.manual_seed(0)
    images, model = torch.randn(4, 3, 9, 9), _Positive()
    model(images)
    qonnx = import_qonnx(export_qonnx(model.eval(), tmp_path / "net.onnx", (1, 3, 9, 9)))
    network = to_integers(qonnx)
    reference = levels.qonnx_values(qonnx, network, images.numpy(), lambda fraction: None)
    ((name, tail),) = network.tails.items()
    sums, mask = np.moveaxis(reference[tail.source], -1, 1), levels.network_output(reference, name)
    for of, taken in ((sums == 0, True), (sums == 1, False)):
        found = reference | levels.output_of(network, name, np.where(of, 1 - mask, mask))
        assert settle(network, found, reference) == taken * np.count_nonzero(of) and np.count_nonzero(of) > 20
        assert np.array_equal(levels.network_output(found, name), mask) == taken
