from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.metrics import confusion_matrix, f1_score

from brevitas_models.data import synthetic
from brevitas_models.data.images import load_folder, to_float
from brevitas_models.experiments import evaluate, integer_outputs
from brevitas_models.networks.zoo import build_model, save_checkpoint
from brevitas_models.training.measure import logits_of
from sim.golden import IntegerModel


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("images")
    assert synthetic.main([str(folder), "--images", "60", "--size", "32"]) == 0
    return folder


@pytest.fixture(scope="module")
def masks_net(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    model = build_model("u_binet_w1a2", width=4, depth=1, image_size=32)
    return save_checkpoint(tmp_path_factory.mktemp("net") / "best.pt", model)


def test_measures_every_split_and_the_integer_model_agrees(
    images: Path, masks_net: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate.main([str(masks_net), "--data", str(images), "--integers"]) == 0
    out = capsys.readouterr().out
    assert [line.split()[1] for line in out.splitlines() if line.startswith("│")] == ["train", "val", "test"]
    assert list(masks_net.parent.iterdir()) == [masks_net]  # nothing is left beside it
    assert "dice" in out and f"all {60 * 32 * 32:,} outputs for 60 images are PyTorch's" in out


def test_classes_are_shown_with_their_confusions(
    images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.manual_seed(0)
    labelled = load_folder(images, 32, 1)
    model = build_model("cnv_w1a1", width=4, in_channels=1, num_classes=len(labelled.classes))
    model.classes = labelled.classes
    checkpoint = save_checkpoint(tmp_path / "best.pt", model)
    assert evaluate.main([str(checkpoint), "--data", str(images)]) == 0
    out = capsys.readouterr().out
    rows = [[cell.strip() for cell in line.strip("│").split("│")] for line in out.splitlines() if line[:1] == "│"]
    answers = logits_of(model, torch.from_numpy(to_float(labelled.images))).argmax(1).numpy()
    start = 3  # one row per split, then one per class of each split
    for split, row in zip(("train", "val", "test"), rows[:3], strict=True):
        part = labelled.splits == split
        truth, answer = labelled.labels[part], answers[part]
        assert row == [split, str(part.sum()), f"{(truth == answer).mean():.4f}",
                       f"{f1_score(truth, answer, average='macro'):.4f}"]  # fmt: skip
        expected = confusion_matrix(truth, answer, labels=range(len(labelled.classes)))
        confusions = rows[start : start + len(labelled.classes)]
        assert [r[0] for r in confusions] == list(labelled.classes)
        assert [[int(cell) for cell in r[1:]] for r in confusions] == expected.tolist()
        start += len(labelled.classes)
    assert start == len(rows)


def test_an_integer_output_that_differs_fails_and_is_named(
    images: Path, masks_net: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Faulty(IntegerModel):
        def run(self, ints: np.ndarray, keep: object = None) -> dict[str, np.ndarray]:
            values = super().run(ints)
            for value in values.values():
                value[7, 0, 3, 5] = 1 - value[7, 0, 3, 5]
            return values

    monkeypatch.setattr(integer_outputs, "IntegerModel", Faulty)
    assert evaluate.main([str(masks_net), "--data", str(images), "--integers"]) == 1
    assert "differ in 1 of 61440 outputs; the first is output [0, 3, 5] of image" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("checkpoint", "message"),
    [
        ("missing.pt", "missing.pt: no such checkpoint"),
        ("cnv_w1a1", "no trained weights for 'cnv_w1a1'; shipped: "),
    ],
)
def test_a_missing_checkpoint_is_named(
    checkpoint: str, message: str, images: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate.main([checkpoint, "--data", str(images)]) == 1
    assert message in capsys.readouterr().err


def test_images_without_labels_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Image.new("L", (32, 32)).save(tmp_path / "a.png")
    assert evaluate.main(["bi_shufflenet", "--data", str(tmp_path)]) == 1
    assert "no labels; add an index.csv with a column class, or a sub-folder per class" in capsys.readouterr().err
