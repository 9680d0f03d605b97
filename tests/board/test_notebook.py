"""The notebook of the deployment folder, executed unchanged on the simulated board: classifiers and a segmentation."""

import json
import re
import wave
from pathlib import Path

import numpy as np
import pytest
from brevitas.nn import QuantConv1d, QuantLinear
from PIL import Image
from signflow_driver import InputError, folder_frames
from signflow_driver.description import load_description
from signflow_driver.entering import entering
from signflow_driver.packing import pack
from torch import Tensor, nn

from brevitas_models.layers.quantizers import act_quantizer, pixel_quantizer, weight_quantizer
from finn_build.board.deploy_folder import NAME
from finn_build.errors import SimulationError
from sim.notebook import NOTEBOOK, PAGE, printed, run_notebook
from tests.board.deployments import FRAMES, deployed
from tests.builds.networks import SmallResidual, randomize
from tests.builds.test_resizing_networks import _Net

_SAME = re.compile(r"([\d,]+) of ([\d,]+) values identical to PyTorch, greatest difference ([\d.e-]+)")


def _numbers(text: str) -> tuple[int, int, float]:
    same = _SAME.search(text)
    assert same, text
    return int(same[1].replace(",", "")), int(same[2].replace(",", "")), float(same[3])


def _check_pictures(pictures: list[Path]) -> None:
    """Two of them, and something is drawn on each: many colours, and not on one spot only."""
    assert len(pictures) == 2
    for picture in pictures:
        pixels = np.asarray(Image.open(picture).convert("RGB"))
        drawn = (pixels != 255).any(-1)
        assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 20 and drawn.mean() > 0.05
        assert drawn[:, : drawn.shape[1] // 2].any() and drawn[:, drawn.shape[1] // 2 :].any()


def test_classification(tmp_path: Path) -> None:
    build = deployed(randomize(SmallResidual(bits=1, signed=True), seed=1), (11, 9), tmp_path)
    original = (tmp_path / "deploy" / NOTEBOOK).read_bytes()
    started: list[tuple[int, int]] = []
    pictures = run_notebook(tmp_path, tmp_path / "run", lambda *cell: started.append(cell))
    assert (tmp_path / "deploy" / NOTEBOOK).read_bytes() == original
    _check_pictures(pictures)
    text = printed(tmp_path / "run" / NOTEBOOK)
    assert _numbers(text) == (5 * FRAMES, 5 * FRAMES, 0)
    assert "decisions: 100.0% the same" in text and f"{4 * FRAMES} frames at " in text  # the rate is over four batches
    interval = re.search(r"one frame every ([\d,]+) cycles", text)
    slowest = build.design.longest_cycles
    assert interval and 0.9 * slowest < int(interval[1].replace(",", "")) < 1.5 * slowest + 100  # memory is in the way
    assert build.shell is not None and build.shell.build_hash in text
    cells = json.loads((tmp_path / "run" / NOTEBOOK).read_text())["cells"]
    assert [c["source"] for c in cells] == [c["source"] for c in json.loads(original)["cells"]]  # nothing added is left
    assert started == [(i + 1, len(cells) + 2) for i in range(len(cells) + 2)]
    page = (tmp_path / "run" / PAGE).read_text()
    assert page.count('src="data:image/png;base64,') == 2 and "decisions: 100.0% the same" in page
    assert not re.search(r'(src|href)="(https?:)?//', page)  # nothing from a network


def test_segmentation_shows_the_mask_and_finds_a_difference(tmp_path: Path) -> None:
    """One wrong value in what PyTorch is said to give, and the notebook says so."""
    deployed(randomize(_Net(nn.Identity(), out=3), seed=2), (9, 7), tmp_path)
    expected = dict(np.load(tmp_path / "deploy" / "expected.npz"))
    name = next(key for key in expected if key != "reference")
    assert expected[name].shape == (FRAMES, 3, 9, 7)
    expected[name][1, 2, 3, 4] += 64
    np.savez(tmp_path / "deploy" / "expected.npz", **expected)
    _check_pictures(run_notebook(tmp_path, tmp_path / "run"))
    values = FRAMES * 3 * 9 * 7
    text = printed(tmp_path / "run" / NOTEBOOK)
    assert _numbers(text) == (values - 1, values, 64)
    titles = json.loads((tmp_path / "run" / NOTEBOOK).read_text())["cells"]
    assert "image/png" in str(titles)


class _Signals(nn.Module):
    """Scores of a signal; their norm and the last layer are for ONNX Runtime."""

    def __init__(self) -> None:
        super().__init__()
        conv = QuantConv1d(1, 6, 5, stride=2, padding=2, bias=False, **weight_quantizer(4))
        self.features = nn.Sequential(pixel_quantizer(), conv, nn.BatchNorm1d(6), act_quantizer(4, False))
        self.norm, self.dense = nn.LayerNorm(6), nn.Linear(6, 5)

    def forward(self, x: Tensor) -> Tensor:
        return self.dense(self.norm(self.features(x).mean(2)))


def test_signals_whose_end_is_computed_by_onnx_runtime(tmp_path: Path) -> None:
    build = deployed(randomize(_Signals(), seed=1), (24,), tmp_path)
    _check_pictures(run_notebook(tmp_path, tmp_path / "run"))
    text = printed(tmp_path / "run" / NOTEBOOK)
    assert _numbers(text)[2] < 1e-5 and "decisions: 100.0% the same" in text and "(1, 24)" in text
    folder = tmp_path / "deploy" / "images"
    for path in list(folder.iterdir()):  # as text, a sample a line
        np.savetxt(path.with_suffix(".csv"), np.load(path).T, fmt="%d", delimiter=",")
        path.unlink()
    assert np.array_equal(list(folder_frames(folder, (1, 24))), build.images.images[:FRAMES])
    Image.new("L", (24, 1)).save(folder / "000.png")
    legal = ".npy, .csv, .wav"
    with pytest.raises(InputError, match=rf"000.png: a picture, the network takes arrays \(1, 24\); legal: {legal}$"):
        next(folder_frames(folder, (1, 24)))


def test_vectors_and_floats(tmp_path: Path) -> None:
    """Bytes through the notebook; floats enter as the integers that PyTorch makes of them."""
    layers = [pixel_quantizer(), QuantLinear(12, 5, bias=False, **weight_quantizer(4)), act_quantizer(4, True)]
    build = deployed(randomize(nn.Sequential(*layers), seed=1), (12,), tmp_path, channels=())
    run_notebook(tmp_path, tmp_path / "run")
    assert _numbers(printed(tmp_path / "run" / NOTEBOOK))[2] == 0
    floats = np.random.default_rng(0).normal(0, 0.5, (6, 12)).astype(np.float32)
    about = load_description(tmp_path / "deploy" / f"{NAME}.json")
    (stream,) = about.inputs
    found = np.zeros(len(floats) * stream.frame_bytes, np.uint8)
    entering(about).pack(floats, found)
    ints = build.integers.quantize_images(floats)
    assert len(np.unique(ints)) > 20 and np.array_equal(found, pack(ints, stream))


@pytest.mark.parametrize(("width", "scale"), [(1, 128), (2, 1 << 15), (4, 1 << 31)])
def test_sounds_and_tables_of_floats(tmp_path: Path, width: int, scale: int) -> None:
    ints = np.random.default_rng(width).integers(-scale, scale, (6, 2))
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setparams((2, width, 8000, 6, "NONE", ""))
        file.writeframes((ints + 128 * (width == 1)).astype(f"<{'u' if width == 1 else 'i'}{width}").tobytes())
    np.savetxt(tmp_path / "b.csv", ints / 8, delimiter=",")
    sound, table = folder_frames(tmp_path, (2, 6))
    assert sound.dtype == table.dtype == np.float32
    assert np.array_equal(sound, (ints.T / scale).astype(np.float32))
    assert np.array_equal(table, (ints.T / 8).astype(np.float32))
    with pytest.raises(InputError, match=r"a.wav: float32 \(2, 6\); legal: uint8 or float32 \(2, 7\)$"):
        next(folder_frames(tmp_path, (2, 7)))


def test_folder_holds_what_the_board_needs(tmp_path: Path) -> None:
    build = deployed(randomize(SmallResidual(bits=1, signed=True), seed=1), (11, 9), tmp_path)
    folder = tmp_path / "deploy"
    assert {p.name for p in folder.iterdir()} == {
        "LICENSE", "README.md", "c", f"{NAME}.json", f"{NAME}.npz", "expected.npz", "images", NOTEBOOK,
        "signflow_driver", "signflow_driver-0.1.0-py3-none-any.whl",
    }  # fmt: skip
    readme = (folder / "README.md").read_text()
    assert build.shell is not None and build.shell.build_hash in readme and "build.tcl" in readme
    assert len(readme.splitlines()) <= 12
    assert (tmp_path / "vivado" / "build.tcl").is_file()
    images = [np.asarray(Image.open(path)) for path in sorted((folder / "images").iterdir())]
    np.testing.assert_array_equal(np.stack(images), build.images.images[:FRAMES, 0])


def test_without_a_build_or_images(tmp_path: Path) -> None:
    with pytest.raises(SimulationError, match=r"inference\.ipynb: no such file; give the folder of a finished build"):
        run_notebook(tmp_path, tmp_path / "run")
