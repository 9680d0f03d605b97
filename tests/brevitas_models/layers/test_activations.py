from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from torch import nn

from brevitas_models.layers.activations import (
    BatchNorm1d,
    BatchNorm2d,
    RPReLU,
    RSign,
    RSiLU,
    SiLU,
    activation,
)
from brevitas_models.layers.values import ACTIVATIONS
from finn_build.errors import ConfigError
from tests.brevitas_models.nets import randomize

CHANNELS = 7


def inputs(seed: int = 0) -> torch.Tensor:
    """[4, 7, 64, 64]: ordinary values, huge ones, tiny ones, exact zeros and small integers."""
    random = np.random.default_rng(seed)
    x = random.standard_normal((4, CHANNELS, 64, 64)) * 10.0 ** random.integers(-6, 4, (4, CHANNELS, 64, 64))
    x[0, :, :8] = random.integers(-40, 41, (CHANNELS, 8, 64))
    x[0, :, 8] = 0.0
    return torch.from_numpy(x.astype(np.float32))


def in_onnxruntime(module: nn.Module, x: torch.Tensor, path: Path) -> np.ndarray:
    """Export with the plain ONNX exporter and run unoptimised, so that every node is one operation."""
    torch.onnx.export(module, (x,), str(path), dynamo=False, opset_version=13)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: x.numpy()})[0]


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_chain_is_bit_identical_in_onnxruntime(name: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    chain = randomize(nn.Sequential(BatchNorm2d(CHANNELS), activation(name, CHANNELS)), seed=3)
    x = inputs()
    with torch.no_grad():
        expected = chain(x).numpy()
    assert np.array_equal(in_onnxruntime(chain, x, tmp_path / "chain.onnx"), expected)


def test_rsign_is_eq_2() -> None:
    module = RSign(3).eval()
    with torch.no_grad():
        module.gamma.copy_(torch.tensor([-0.5, 0.0, 2.0]).view(1, 3, 1, 1))
    x = torch.tensor([-0.6, -0.5, 0.0, 1.9, 2.0]).expand(3, 5).reshape(1, 3, 1, 5)
    expected = [[-1, 1, 1, 1, 1], [-1, -1, 1, 1, 1], [-1, -1, -1, -1, 1]]
    assert module(x)[0, :, 0].tolist() == expected


def test_rprelu_is_eq_3_with_negative_slopes_too() -> None:
    module = randomize(RPReLU(CHANNELS), seed=1)
    assert (module.beta < 0).any() and (module.beta > 0).any()
    x = inputs(1).double()
    zeta, eta = module.zeta.double(), module.eta.double()
    beta = module.beta.double().view(1, -1, 1, 1)
    expected = torch.where(x >= zeta, x - zeta + eta, beta * (x - zeta) + eta)
    assert torch.allclose(module(x.float()).double(), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("training", [True, False])
def test_rsilu_is_eq_6(training: bool) -> None:
    module = randomize(RSiLU(CHANNELS), seed=1).train(training)
    x = inputs(1)
    shifted = x.double() - module.zeta.double()
    expected = shifted * torch.sigmoid(shifted) + module.eta.double()
    assert torch.allclose(module(x).double(), expected, rtol=1e-5, atol=1e-5)


def test_silu_is_the_float64_value_rounded_once() -> None:
    x = inputs(2)
    wide = x.double().numpy()
    with np.errstate(over="ignore"):
        expected = (wide / (1 + np.exp(-wide))).astype(np.float32)
    assert np.array_equal(SiLU().eval()(x).numpy(), expected)


@pytest.mark.parametrize("shape", [(5, CHANNELS), (5, CHANNELS, 6, 4)])
def test_batch_norm_in_eval_mode_is_one_multiply_and_one_add(shape: tuple[int, ...]) -> None:
    norm = randomize((BatchNorm1d if len(shape) == 2 else BatchNorm2d)(CHANNELS), seed=5)
    scale, shift = norm.scale_and_shift()
    assert (scale < 0).any()
    x = torch.randn(shape, generator=torch.Generator().manual_seed(2))
    lifted = [v.numpy().reshape(1, -1, *[1] * (len(shape) - 2)) for v in (scale, shift)]
    assert np.array_equal(norm(x).detach().numpy(), x.numpy() * lifted[0] + lifted[1])
    reference = nn.functional.batch_norm(x, norm.running_mean, norm.running_var, norm.weight, norm.bias)
    assert torch.allclose(norm(x), reference, rtol=1e-4, atol=1e-5)


def test_batch_norm_follows_weights_loaded_in_eval_mode() -> None:
    norm, other = BatchNorm2d(CHANNELS).eval(), randomize(BatchNorm2d(CHANNELS), seed=9)
    norm.load_state_dict(other.state_dict())
    x = inputs(3)
    assert torch.equal(norm(x), other(x))


def test_batch_norm_in_training_mode_is_torchs() -> None:
    ours, theirs = BatchNorm2d(CHANNELS).train(), nn.BatchNorm2d(CHANNELS).train()
    x = inputs(4)
    assert torch.equal(ours(x), theirs(x))
    assert torch.equal(ours.running_var, theirs.running_var)


def test_every_shift_and_slope_is_learned() -> None:
    for module in (RSign(2), RPReLU(2), RSiLU(2)):
        module.train()(torch.randn(3, 2, 4, 4, generator=torch.Generator().manual_seed(0))).pow(3).sum().backward()
        for name, parameter in module.named_parameters():
            assert parameter.grad is not None and parameter.grad.abs().min() > 0, name


def test_unknown_activation_lists_the_known() -> None:
    with pytest.raises(
        ConfigError, match=r"'gelu' is unknown; did you mean 'relu'\?; choose one of rprelu, rsilu, silu"
    ):
        activation("gelu", 3)
