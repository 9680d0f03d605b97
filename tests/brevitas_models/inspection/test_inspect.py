"""The command, on images whose defects are bright spots and a network that knows them."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from signflow_driver.inspection import Inspection

from brevitas_models.inspection.command import main
from brevitas_models.networks.zoo import build_model, load_checkpoint, save_checkpoint
from finn_build.frontend.network import from_checkpoint
from tests.brevitas_models.nets import randomize, write_image

SIZE = 16
SPOTS = {"val": 6, "test": 4}


@pytest.fixture(scope="module")
def tiles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Grey images of several sizes, half of them with a bright spot somewhere."""
    folder, random = tmp_path_factory.mktemp("tiles"), np.random.default_rng(0)
    lines = ["path,class,group,split,mask"]
    for split, count in SPOTS.items():
        for number in range(2 * count):
            shape = (random.integers(16, 50), random.integers(16, 50))
            pixels, mask = random.integers(90, 110, shape, dtype=np.uint8), np.zeros(shape, np.uint8)
            name, label = f"{split}{number}.png", "spot" if number % 2 else "free"
            if number % 2:
                top, left = (random.integers(0, size - 8) for size in shape)
                mask[top : top + 8, left : left + 8] = 255
                pixels[mask > 0] = 250
                write_image(folder / "masks" / name, mask)
            write_image(folder / name, pixels)
            lines.append(f"{name},{label},{split}{number},{split},{f'masks/{name}' if number % 2 else ''}")
    (folder / "index.csv").write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network with random weights and a classifier that is fitted to windows with and without a spot."""
    torch.manual_seed(0)
    fields = {"image_size": SIZE, "channels": (8, 8), "blocks": (1, 1), "num_classes": 2}
    model = randomize(build_model("binary_rescnn_w1a4", **fields), seed=0)
    model.classes = ("free", "spot")
    random = np.random.default_rng(1)
    windows = random.integers(90, 110, (400, 1, SIZE, SIZE)) / 256
    labels = np.arange(400) % 2
    for window in windows[1::2]:
        top, left = random.integers(-3, SIZE - 5, 2)
        window[0, max(0, top) : top + 8, max(0, left) : left + 8] = 250 / 256
    features: list[torch.Tensor] = []
    hook = model.classifier.register_forward_pre_hook(lambda _module, inputs: features.append(inputs[0]))
    with torch.no_grad():
        model(torch.from_numpy(windows).float())
    hook.remove()
    known = features[0].double().numpy()
    weights = np.linalg.lstsq(np.c_[known, np.ones(400)], 2.0 * labels - 1, rcond=1e-3)[0][:-1]
    model.classifier.weight.data = torch.from_numpy(np.stack([-weights, weights])).float()
    return save_checkpoint(tmp_path_factory.mktemp("net") / "best.pt", model, {"epoch": 3})


def test_calibrate_save_and_inspect(
    checkpoint: Path, tiles: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The saved checkpoint alone gives the same verdicts, in integers too, and tells them to a build."""
    saved, out = tmp_path / "tiles.pt", tmp_path / "report"
    rate = ["--calibrate", "0.2", "--stride", "4", "--save", str(saved), "--out", str(out)]
    assert main([str(checkpoint), "--data", str(tiles), *rate]) == 0
    said = capsys.readouterr().out
    metrics = load_checkpoint(saved)[2].metrics
    known = Inspection(**metrics["inspection"])
    assert metrics["epoch"] == 3 and (known.side, known.stride) == (SIZE, 4)
    assert known.false_alarms is not None and known.false_alarms <= 0.2
    assert f"{known.found:.1%} of the defects found" in said and "test: answers" in said
    lines = list(csv.DictReader((out / "results.csv").open()))
    assert len(lines) == 20 and all(
        (float(line["score"]) > known.threshold) == (line["answer"] != "free") for line in lines
    )
    alarms = [line for line in lines if line["answer"] != "free" and line["split"] == "val"]
    found = sum(line["class"] == "spot" for line in alarms) / SPOTS["val"]
    assert found == pytest.approx(known.found) and found > 0.5
    curves = json.loads((out / "curves.json").read_text())
    assert set(curves) == {"val", "test"} and curves["val"]["roc"]["area"] > 0.7
    assert (out / "curves.png").is_file() and len(list((out / "pictures").iterdir())) == 20
    again = tmp_path / "again"
    assert main([str(saved), "--data", str(tiles), "--integers", "--out", str(again)]) == 0
    assert (again / "results.csv").read_text() == (out / "results.csv").read_text()
    assert from_checkpoint(saved, tmp_path).inspection == known


def test_images_without_labels(
    checkpoint: Path, tiles: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_image(tmp_path / "photo.png", np.full((40, 30), 100, np.uint8))
    assert main([str(checkpoint), "--data", str(tmp_path), "--threshold", "1e9"]) == 0
    assert "0 of 1 images have a defect" in capsys.readouterr().out


def test_masks_are_inspected_too(tiles: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.manual_seed(0)
    model = randomize(build_model("u_binet_small_w1a2", image_size=SIZE, width=4, depth=2), seed=0)
    path = save_checkpoint(tmp_path / "net.pt", model)
    assert main([str(path), "--data", str(tiles), "--threshold", "100"]) == 0
    assert "dice" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ([], "the checkpoint holds no threshold; add --calibrate RATE, or --threshold NUMBER"),
        (["--threshold", "0", "--save", "x.pt"], "--save keeps the threshold that --calibrate chooses"),
        (["--calibrate", "2"], "--calibrate 2.0: a share of the images"),
        (["--calibrate", "0.1", "--split", "test"], "no image of split val; splits of this data: test"),
        (["--calibrate", "0.1", "--side", "20"], "side=20 is not a multiple of the network's 16 pixels"),
        (["--calibrate", "0.1", "--stride", "17"], "--side 16 --stride 17: the stride must be from 1 to the side"),
        (["--calibrate", "0.1", "--data", "nowhere"], "nowhere: no such folder"),
    ],
)
def test_bad_options(
    checkpoint: Path, tiles: Path, more: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(checkpoint), "--data", str(tiles), *more]) == 1
    assert says in capsys.readouterr().err
