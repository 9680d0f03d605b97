"""Tversky loss, metrics over pixels, overlays, and training of masks."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from brevitas_models.data.augment import Augmentation
from brevitas_models.data.images import ImageSet, load_folder, to_float
from brevitas_models.data.synthetic import make_image_set, write_dataset
from brevitas_models.networks.zoo import load_checkpoint
from brevitas_models.training.command import main
from brevitas_models.training.segmentation import mask_metrics, overlay, predict, tversky_loss, write_pictures
from brevitas_models.training.tasks import Segmentation
from brevitas_models.training.train_config import TrainConfig
from finn_build.errors import ConfigError

NET = ["--model", "u_binet_small_w1a4", "--set", "image_size=24", "--set", "width=8", "--set", "depth=2"]
STILL = ("--shift", "0", "--contrast", "0.0", "--brightness", "0.0")
METRICS = ("dice", "accuracy", "precision", "recall", "mae", "fnr", "fpr")
DEVICE = ["--accelerator", "cpu", "--devices", "1"]


def test_tversky_loss_counts_softly() -> None:
    masks = torch.tensor([1.0, 1.0, 0.0, 0.0]).view(1, 1, 2, 2)
    defect = torch.tensor([0.75, 0.25, 0.5, 0.25]).view(1, 1, 2, 2)
    hit, false_alarm, missed = 0.75 + 0.25, 0.5 + 0.25, 0.25 + 0.75
    expected = 1 - (hit + 1) / (hit + 0.3 * false_alarm + 0.7 * missed + 1)
    assert tversky_loss(defect, masks, 0.3, 0.7).item() == pytest.approx(expected)
    assert tversky_loss(masks, masks, 0.5, 0.5).item() == pytest.approx(0.0)
    assert tversky_loss(1 - masks, masks, 1.0, 1.0).item() == pytest.approx(1 - 1 / 5)


def test_tversky_loss_weighs_false_alarms_and_misses() -> None:
    masks = torch.tensor([1.0, 0.0]).view(1, 1, 1, 2)
    alarm, miss = torch.ones(1, 1, 1, 2), torch.zeros(1, 1, 1, 2)
    assert tversky_loss(alarm, masks, 1.0, 0.1) > tversky_loss(alarm, masks, 0.1, 1.0)
    assert tversky_loss(miss, masks, 0.1, 1.0) > tversky_loss(miss, masks, 1.0, 0.1)


def test_metrics_are_over_all_pixels_of_all_images() -> None:
    """TP 3, FN 1, FP 2, TN 10, unevenly spread over two images."""
    masks, predicted = torch.zeros(2, 1, 2, 4), torch.zeros(2, 1, 2, 4)
    masks[0, 0, 0] = 1
    predicted[0, 0, 0, :3] = 1
    predicted[1, 0, 1, 2:] = 1
    expected = {
        "dice": 6 / 9, "accuracy": 13 / 16, "precision": 3 / 5, "recall": 3 / 4, "fnr": 1 / 4, "fpr": 2 / 12,
        "mae": 3 / 16,
    }  # fmt: skip
    assert mask_metrics(predicted, masks) == pytest.approx(expected)


def test_the_paper_counts_over_all_pixels() -> None:
    """22.9% of the pixels are defects; with FPR and FNR of table 4 for 8, 4 and 2 bits, its Dice follows."""
    for fpr, fnr, dice in ((0.012, 0.184, 0.880), (0.012, 0.190, 0.875), (0.013, 0.183, 0.879)):
        pixels, defects = 10**6, 229_000
        masks, predicted = torch.zeros(pixels), torch.zeros(pixels)
        masks[:defects] = 1
        predicted[round(fnr * defects) : defects + round(fpr * (pixels - defects))] = 1
        assert mask_metrics(predicted, masks)["dice"] == pytest.approx(dice, abs=0.001)


def test_overlay_colours_the_mask_and_its_edge() -> None:
    image = np.full((1, 5, 5), 100, dtype=np.uint8)
    mask = np.zeros((5, 5), dtype=np.uint8)
    mask[:3, :3] = 1
    picture = overlay(image, mask)
    assert picture.shape == (5, 5, 3) and picture.dtype == np.uint8
    assert (picture[3:] == 100).all() and (picture[:, 3:] == 100).all()
    assert (picture[2, :3] == (230, 40, 40)).all() and (picture[0, 0] == (139, 82, 82)).all()


def test_pictures_of_one_name_from_two_folders_are_kept_apart(tmp_path: Path) -> None:
    masks = np.array([np.zeros((2, 2)), np.ones((2, 2))], np.uint8)
    images, unknown = np.full((2, 1, 2, 2), 50, np.uint8), np.full(2, -1)
    data = ImageSet(images, unknown, ("left/part.png", "right/part.jpg"), (), np.array(["", ""]), masks)
    paths = write_pictures(data, masks, tmp_path)
    assert [path.name for path in paths] == ["000_part.png", "001_part.png"] and paths == sorted(tmp_path.iterdir())
    for path, mask in zip(paths, masks, strict=True):
        with Image.open(path) as picture:
            assert np.array_equal(np.split(np.asarray(picture), 3, axis=1)[2], overlay(images[0], mask))


def test_masks_move_with_their_images() -> None:
    images = torch.rand(16, 1, 12, 12, generator=torch.Generator().manual_seed(0)) * 0.9
    still = Augmentation(contrast=0.0, brightness=0.0)
    views, masks = Segmentation().view(still, images, (images > 0.5).float(), torch.Generator().manual_seed(5))
    assert torch.equal(masks, (views > 0.5).float()) and not torch.equal(views, images)


def test_masks_apart_count_alike_whatever_their_size() -> None:
    """A missed small defect beside a large one that is found is half of the loss apart, and next to none together."""
    truth = torch.zeros(2, 1, 20, 20)
    truth[0], truth[1, 0, 4, 5:8] = 1, 1
    found = truth.clone()
    found[1] = 0
    together, apart = (tversky_loss(found, truth, 0.5, 0.5, each).item() for each in (False, True))
    assert together == pytest.approx(1 - 401 / 402.5, abs=1e-6) and apart == pytest.approx((1 - 1 / 2.5) / 2)
    logits = 100 * found - 50
    assert Segmentation(apart=True).loss(logits, truth).item() == pytest.approx(apart)


def test_cross_entropy_of_pixels_joins_the_tversky_loss() -> None:
    logits, truth = torch.tensor([[[[0.0, 2.0], [-1.0, 1.0]]]]), torch.tensor([[[[0.0, 1.0], [0.0, 0.0]]]])
    pixels = -torch.where(truth > 0, logits.sigmoid(), 1 - logits.sigmoid()).log().mean()
    alone, both = Segmentation(0.3, 0.7).loss(logits, truth), Segmentation(0.3, 0.7, pixels=0.5).loss(logits, truth)
    assert both.item() == pytest.approx((alone + 0.5 * pixels).item())
    with pytest.raises(ConfigError, match=r"pixels=-1.0 must not be negative"):
        TrainConfig("u_binet_small_w1a4", pixels=-1.0).check()


def command(root: Path, *more: str) -> int:
    steps = ["--epochs1", "4", "--epochs2", "12", "--batch", "4", "--lr1", "0.01", "--lr2", "0.01", *STILL]
    return main([*NET, *DEVICE, *steps, "--data", str(root / "data"), "--out", str(root / "out"), *more])


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("masks")
    write_dataset(root / "data", n=240, size=24)
    assert command(root, "--classes", "inclusion") == 0
    return root


def test_training_learns_masks(trained: Path) -> None:
    metrics = json.loads((trained / "out" / "metrics.json").read_text())
    history = torch.load(trained / "out" / "last.pt", weights_only=True)["history"]
    assert metrics["classes"] == ["inclusion"] and metrics["images"] == {"train": 28, "val": 4, "test": 8}
    assert history[-1]["loss"] < history[11]["loss"] < history[0]["loss"]
    assert metrics["dice"]["test"] > 0.7
    assert metrics["test_by_class"] == {"inclusion": {name: metrics[name]["test"] for name in METRICS}}


def test_metrics_are_those_of_the_checkpoint(trained: Path) -> None:
    metrics = json.loads((trained / "out" / "metrics.json").read_text())
    model = load_checkpoint(trained / "out" / "best.pt")[0]
    assert model.task == "mask" and model.classes == ("inclusion",)
    test = load_folder(trained / "data", 24, classes=["inclusion"], masks=True).split("test")
    found, truth = model(torch.from_numpy(to_float(test.images)))[:, 0] > 0, torch.from_numpy(test.masks) > 0
    assert metrics["dice"]["test"] == pytest.approx(2 * int((found & truth).sum()) / int(found.sum() + truth.sum()))


def test_overlays_show_image_truth_and_prediction(trained: Path) -> None:
    paths = sorted((trained / "out" / "overlays").iterdir())
    test = load_folder(trained / "data", 24, classes=["inclusion"], masks=True).split("test")
    assert [path.stem for path in paths] == [f"{i:03}_{Path(name).stem}" for i, name in enumerate(test.names)]
    model = load_checkpoint(trained / "out" / "best.pt")[0]
    assert model.task == "mask" and test.masks is not None
    for path, image, truth in zip(paths, test.images, test.masks, strict=True):
        with Image.open(path) as picture:
            panels = np.split(np.asarray(picture), 3, axis=1)
        mask = predict(model, torch.from_numpy(to_float(image[None])))[1][0, 0].numpy()
        assert np.array_equal(panels[0][..., 0], image[0])
        assert np.array_equal(panels[1], overlay(image, truth)) and np.array_equal(panels[2], overlay(image, mask))


def test_a_finished_training_measures_the_same_and_keeps_its_classes(
    trained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (trained / "out" / "metrics.json").read_text()
    assert command(trained, "--classes", "inclusion", "--resume") == 0
    assert (trained / "out" / "metrics.json").read_text() == before
    assert "test  dice" in capsys.readouterr().out
    assert command(trained, "--classes", "patches", "--resume") == 1
    assert "--resume with another classes: it was ('inclusion',)" in capsys.readouterr().err


def test_synthetic_images_have_masks_but_no_choice_of_classes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = make_image_set(12, 24)
    assert data.masks is not None and data.masks.shape == (12, 24, 24) and set(np.unique(data.masks)) == {0, 1}
    options = ["--data", "synthetic", "--classes", "patches", "--out", str(tmp_path / "out")]
    assert main([*NET, *DEVICE, *options]) == 1
    assert "error: --classes needs a folder of images: synthetic ones are of all classes" in capsys.readouterr().err
