"""The generator from Python: a Brevitas network as it is, asked, predicted and simulated with."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from finn_build import api
from finn_build.errors import ConfigError, DataError, UnsupportedModelError
from tests.builds.networks import PlainBrevitas, randomize

ROOT = Path(__file__).resolve().parents[2]
SHAPE = (3, 8, 8)


@pytest.fixture(scope="module")
def net() -> torch.nn.Module:
    torch.manual_seed(0)
    return randomize(PlainBrevitas(), seed=2)


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (5, *SHAPE), dtype=np.uint8)


@pytest.fixture(scope="module")
def made(net: torch.nn.Module, images: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> api.Build:
    out, classes = tmp_path_factory.mktemp("api") / "out", [f"kind {i}" for i in range(7)]
    return api.build(net, "pynq-z2", input_shape=SHAPE, images=images, classes=classes, out=out)


def test_a_network_as_it_is_becomes_a_verified_build(made: api.Build) -> None:
    assert made.report["gate"]["passed"] and made.report["gate"]["levels"] == [0, 1, 2, 3, 4]
    assert made.page.is_file() and made.deploy is not None and (made.deploy / "accelerator.json").is_file()
    assert all(row["told"].startswith("kind ") for row in made.report["frames"])


def test_integers_simulation_and_pytorch_are_one(made: api.Build, net: torch.nn.Module, images: np.ndarray) -> None:
    """On images that the build did not see, from where the build lies now."""
    fresh = 255 - images
    predicted, simulated = made.predict(fresh), made.simulate(fresh)
    with torch.no_grad():
        wanted = net(torch.from_numpy(fresh.astype(np.float32) / 256))
    (name,) = predicted
    assert np.array_equal(predicted[name], wanted.numpy()) and np.array_equal(simulated[name], predicted[name])
    _, result = made.simulate_cycles(fresh[:2])
    assert result.cycles >= made.report["cycles"]["latency"]


def test_the_callers_network_stays_as_it_was(made: api.Build, net: torch.nn.Module) -> None:
    assert made.state.network.torch is not net and not any(p.grad_fn for p in net.parameters())


def test_stopped_early_it_has_figures_and_no_design(
    net: torch.nn.Module, images: np.ndarray, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    asked = {"input_shape": SHAPE, "out": tmp_path / "out", "options": ["--stop", "buffer"]}
    made = api.build(net, **asked)
    assert made.report["gate"] is None and made.deploy is None and capsys.readouterr() == ("", "")
    assert made.predict(images)["logits"].shape == (5, 7)
    with pytest.raises(ConfigError, match="before it had a design"):
        made.simulate(images)
    api.build(net, **asked, verbose=True)
    assert "Latency (predicted)" in capsys.readouterr().out


def test_wrong_input_is_told(made: api.Build, net: torch.nn.Module, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="input_shape: a network that is given as it is needs it"):
        api.build(net)
    with pytest.raises(DataError, match=r"images: float64 \(4, 3, 8, 8\); give uint8"):
        api.build(net, input_shape=SHAPE, images=np.zeros((4, *SHAPE)))
    with pytest.raises(DataError, match=r"images: 1 image\(s\), the build needs 4 frames"):
        api.build(net, input_shape=SHAPE, images=np.zeros((1, *SHAPE), np.uint8), out=tmp_path / "out")
    with pytest.raises(DataError, match=r"the network takes uint8 \(N, 3, 8, 8\)"):
        made.predict(np.zeros((1, 1, 8, 8), np.uint8))
    with pytest.raises(ConfigError, match="did you mean 'cnv_w1a2'"):
        api.build("cnv_w1a3", out=tmp_path / "out")
    with pytest.raises(ConfigError, match=r"unrecognized arguments: --stpo; did you mean '--stop'\?"):
        api.build(net, input_shape=SHAPE, options=["--stpo"])
    for model in (None, torch.nn.Sequential):
        with pytest.raises(ConfigError, match=r"model: is .*; give a Brevitas network"):
            api.build(model, input_shape=SHAPE)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=r"input_shape \(8,\); legal: \(C, H, W\)"):
        api.build(net, input_shape=(8,))
    with pytest.raises(UnsupportedModelError, match=r"\(1, 8, 8\): the network does not run on it: RuntimeError"):
        api.build(net, input_shape=(1, 8, 8), out=tmp_path / "out")


def test_importing_it_loads_no_pytorch() -> None:
    script = "import sys; sys.path.insert(0, 'finn_build/python'); import signflow; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
