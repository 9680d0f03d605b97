import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from brevitas_models.data.augment import Augmentation
from brevitas_models.layers.activations import BatchNorm2d
from brevitas_models.networks.zoo import load_checkpoint
from brevitas_models.training import progress, trainer
from brevitas_models.training.command import main
from brevitas_models.training.measure import measure, reestimate_batch_norm
from brevitas_models.training.packing import pack, signs
from brevitas_models.training.tasks import class_weights
from brevitas_models.training.train_config import TrainConfig
from finn_build.frontend.export import export_qonnx
from tests.brevitas_models.nets import write_image

NET = ["--model", "binary_rescnn_w1a1", "--set", "image_size=16", "--set", "channels=[4,6]", "--set", "blocks=[1,1]"]
SHORT = [*NET, "--epochs1", "2", "--epochs2", "2", "--data", "synthetic", "--synthetic-images", "90"]
DEVICE = ["--accelerator", "cpu", "--devices", "1"]


def command(out: Path, *more: str) -> int:
    return main([*SHORT, *DEVICE, "--out", str(out), *more])


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("run")
    assert command(out) == 0
    return out


def test_training_leaves_metrics_of_every_split(finished: Path) -> None:
    metrics = json.loads((finished / "metrics.json").read_text())
    assert set(metrics["accuracy"]) == {"train", "val", "test"}
    assert sum(metrics["images"].values()) == 90
    assert metrics["training"]["overrides"]["channels"] == [4, 6]
    by_class = [numbers["accuracy"] for numbers in metrics["test_by_class"].values()]
    assert len(by_class) == 6 and np.mean(by_class) == pytest.approx(metrics["accuracy"]["test"])
    assert sorted(path.name for path in finished.iterdir()) == ["best.pt", "last.pt", "metrics.json"]


def test_best_network_has_binary_weights_and_exports(finished: Path, tmp_path: Path) -> None:
    model, config, meta = load_checkpoint(finished / "best.pt")
    assert config.weight_bits == 1 and config.num_classes == 6 and meta.classes[0] == "crazing"
    assert model.stages[0].branches[0].conv.quant_weight().value.abs().unique().tolist() == [1.0]
    assert export_qonnx(model, tmp_path / "net.onnx", (1, 1, 16, 16)).is_file()


def test_history_has_both_steps(finished: Path) -> None:
    history = torch.load(finished / "last.pt", weights_only=True)["history"]
    assert [(line["step"], line["epoch"]) for line in history] == [(1, 1), (1, 2), (2, 1), (2, 2)]


@pytest.mark.parametrize("epochs", [1, 2, 3])
def test_resume_gives_exactly_the_unbroken_result(
    epochs: int, finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = trainer.Trainer._save
    saved = []

    def interrupt(self: trainer.Trainer, path: Path, state: object) -> None:
        save(self, path, state)
        saved.append(path)
        if len(saved) == epochs:
            path.with_name("first.pt").write_bytes(path.read_bytes())
            raise KeyboardInterrupt

    monkeypatch.setattr(trainer.Trainer, "_save", interrupt)
    assert command(tmp_path) == 130
    monkeypatch.undo()
    assert not (tmp_path / "metrics.json").exists()
    assert command(tmp_path, "--resume") == 0
    ours, theirs = (torch.load(folder / "best.pt", weights_only=True) for folder in (tmp_path, finished))
    assert_same(ours, theirs)
    ours, theirs = (torch.load(folder / "last.pt", weights_only=True) for folder in (tmp_path, finished))
    assert ours.pop("seconds") > torch.load(tmp_path / "first.pt", weights_only=True)["seconds"] > 0
    theirs.pop("seconds")
    assert_same(ours, theirs)


def test_a_moving_average_is_kept_over_a_resume_and_is_what_is_written(tmp_path: Path) -> None:
    average = ("--average", "0.9", "--balance", "0.5")
    assert command(tmp_path / "whole", *average) == 0
    whole = torch.load(tmp_path / "whole" / "last.pt", weights_only=True)
    assert command(tmp_path / "parts", *average, "--epochs2", "1") == 0
    part = torch.load(tmp_path / "parts" / "last.pt", weights_only=True)
    assert part["average"]["n_averaged"] > 0 and whole["average"]["n_averaged"] == 2 * part["average"]["n_averaged"]
    best = torch.load(tmp_path / "whole" / "best.pt", weights_only=True)["state"]
    name = "stages.0.branches.0.conv.weight"
    assert not torch.equal(whole["average"][f"module.{name}"], whole["model"][name])
    assert not torch.equal(best[name], whole["model"][name])


def test_class_weights_have_a_mean_of_one() -> None:
    targets = torch.tensor([0] * 12 + [1] * 3 + [2])
    for power, ratio in ((0.0, 1.0), (0.5, 2.0), (1.0, 4.0)):
        weights = class_weights(targets, 3, power)
        assert weights[1] / weights[0] == pytest.approx(ratio)
        assert weights[targets].mean() == pytest.approx(1.0)


def assert_same(ours: object, theirs: object) -> None:
    if isinstance(ours, torch.Tensor):
        assert torch.equal(ours, theirs)
    elif isinstance(ours, dict):
        assert ours.keys() == theirs.keys()
        for key in ours:
            assert_same(ours[key], theirs[key])
    elif isinstance(ours, list):
        assert len(ours) == len(theirs)
        for mine, other in zip(ours, theirs, strict=True):
            assert_same(mine, other)
    else:
        assert ours == theirs


def test_a_finished_folder_is_not_overwritten(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(finished) == 1
    assert "already holds a training; add --resume or choose another --out" in capsys.readouterr().err


def test_resume_with_another_choice_is_an_error(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(finished, "--resume", "--lr2", "0.5") == 1
    assert "--resume with another lr2: it was 0.002" in capsys.readouterr().err


def folder_of_groups(root: Path) -> Path:
    lines = [f"{label}{n}.png,{label},{label}{n // 2}" for label in ("dark", "light") for n in range(10)]
    for line in lines:
        write_image(root / line.split(",")[0], np.full((16, 16), 40 if "dark" in line else 200, dtype=np.uint8))
    (root / "index.csv").write_text("\n".join(["path,class,group", *lines]) + "\n")
    return root


def test_a_fold_is_trained_recorded_and_kept_on_resume(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, data = tmp_path / "out", ("--data", str(folder_of_groups(tmp_path / "data")))
    assert command(out, *data, "--fold", "3") == 0
    metrics = json.loads((out / "metrics.json").read_text())
    assert metrics["images"] == {"train": 12, "val": 4, "test": 4} and metrics["training"]["fold"] == 3
    assert command(out, *data, "--fold", "2", "--resume") == 1
    assert "--resume with another fold: it was 3" in capsys.readouterr().err


def test_fine_tuning_starts_from_the_given_weights(finished: Path, tmp_path: Path) -> None:
    start = ("--init", str(finished / "best.pt"), "--epochs1", "0", "--epochs2", "1", "--lr2", "1e-12")
    assert command(tmp_path, *start) == 0
    ours, theirs = (torch.load(f / "best.pt", weights_only=True)["state"] for f in (tmp_path, finished))
    names = [name for name in ours if "running" not in name and "num_batches" not in name]
    assert all(torch.allclose(ours[name], theirs[name], atol=1e-6) for name in names)


def test_signs_of_a_packed_checkpoint_can_be_trained_on(finished: Path, tmp_path: Path) -> None:
    packed = pack(finished / "best.pt", tmp_path / "packed.pt")
    start = ("--init", str(packed), "--epochs1", "0", "--epochs2", "1", "--lr2", "1e-12")
    assert command(tmp_path, *start) == 0
    ours, theirs = (torch.load(file, weights_only=True)["state"] for file in (tmp_path / "best.pt", packed))
    binary = [name for name, value in theirs.items() if value.dtype == torch.int8]
    assert binary and all(torch.equal(signs(ours[name]), theirs[name]) for name in binary)
    assert all(0 < ours[name].abs().mean() < 0.5 for name in binary)


def test_weights_of_another_network_are_an_error(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = ("--init", str(finished / "best.pt"), "--set", "channels=[4,8]")
    assert command(tmp_path, *other) == 1
    assert "its weights do not fit binary_rescnn_w1a1; start from a checkpoint" in capsys.readouterr().err


def test_learns_what_can_be_learned(tmp_path: Path) -> None:
    for label, value in (("dark", 40), ("light", 200)):
        for index in range(40):
            noise = torch.randint(-30, 30, (16, 16), generator=torch.Generator().manual_seed(index))
            write_image(tmp_path / "data" / label / f"{index}.png", (noise + value).byte().numpy())
    arguments = ["--data", str(tmp_path / "data"), "--epochs1", "5", "--epochs2", "10", "--batch", "16"]
    with pytest.warns(UserWarning, match="groups of related images are unknown"):
        assert main([*NET, *DEVICE, *arguments, "--out", str(tmp_path / "out")]) == 0
    metrics = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert metrics["classes"] == ["dark", "light"] and metrics["accuracy"]["test"] >= 0.9


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--model", "binary_rescnn_w1a9"], "model 'binary_rescnn_w1a9' is unknown; did you mean"),
        (["--set", "chanels=3"], "no option 'chanels'; did you mean 'channels'"),
        (["--set", "channels"], "--set channels: write it as KEY=VALUE"),
        (["--epochs2", "0"], "epochs2=0 must be positive"),
        (["--balance", "1.5"], "balance=1.5 must be from 0 to 1"),
        (["--average", "1"], "average=1.0 must be from 0 to below 1"),
        (["--epochs1", "-1"], "epochs1=-1 must not be negative; 0 leaves step 1 out"),
        (["--data", "nowhere"], "nowhere: no such folder"),
        (["--set", "in_channels=3"], "synthetic images are grey"),
        (["--fold", "0"], "--fold needs a folder of images"),
    ],
)
def test_bad_options_are_one_line_and_leave_nothing(
    more: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(tmp_path / "out", *more) == 1
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error.startswith("error: ") and message in error
    assert not (tmp_path / "out").exists()


def test_augmentation_is_seeded_and_keeps_the_range() -> None:
    images = torch.rand(16, 1, 12, 12, generator=torch.Generator().manual_seed(0))
    view = Augmentation()
    first, again = (view(images, torch.Generator().manual_seed(3)) for _ in range(2))
    assert torch.equal(first, again) and not torch.equal(first, images)
    assert first.shape == images.shape and first.min() >= 0 and first.max() < 1


def test_augmentation_switched_off_changes_nothing() -> None:
    images = torch.randint(256, (8, 1, 12, 12), generator=torch.Generator().manual_seed(0)) / 256
    off = Augmentation(flips=False, shift=0, contrast=0.0, brightness=0.0)
    assert torch.allclose(off(images, torch.Generator().manual_seed(1)), images, atol=1e-6)


def test_flips_give_all_eight_views() -> None:
    image = torch.arange(9.0).view(1, 1, 3, 3).expand(200, 1, 3, 3) / 16
    flips = Augmentation(shift=0, contrast=0.0, brightness=0.0)
    views = flips(image, torch.Generator().manual_seed(0)) * 16
    assert len({tuple(view.flatten().round().int().tolist()) for view in views}) == 8


def test_without_turns_the_grain_keeps_its_direction() -> None:
    image = torch.arange(3.0).view(1, 1, 1, 3).expand(200, 1, 3, 3) / 16
    views = Augmentation(turns=False, shift=0, contrast=0.0, brightness=0.0)(image, torch.Generator().manual_seed(0))
    assert {tuple((16 * view[0, 0]).round().int().tolist()) for view in views} == {(0, 1, 2), (2, 1, 0)}
    assert (views == views[:, :, :1]).all()


def test_batch_norm_statistics_are_those_of_the_batches() -> None:
    norm = BatchNorm2d(3)
    batches = [torch.randn(5, 3, 4, 4, generator=torch.Generator().manual_seed(i)) * 3 + 1 for i in range(4)]
    norm(torch.randn(2, 3, 4, 4))
    reestimate_batch_norm(norm, batches)
    expected = torch.stack([batch.mean((0, 2, 3)) for batch in batches]).mean(0)
    assert torch.allclose(norm.running_mean, expected, atol=1e-5)
    assert norm.momentum == 0.1


def test_measure_is_in_eval_mode_and_restores_the_mode() -> None:
    model = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(2), nn.Dropout(0.99))
    images = torch.tensor([[3.0, 1.0], [1.0, 3.0], [5.0, 0.0]]).view(3, 1, 1, 2)
    assert measure(model, images, torch.tensor([0, 1, 1]))["accuracy"] == pytest.approx(2 / 3)
    assert model.training and model[1].num_batches_tracked == 0


def test_a_pipe_is_told_how_far_it_is(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """An epoch a minute: of four, the third leaves one. Of the first it is told after seconds, and of a long one."""
    ticks = iter((0, 1, 6, 60, 120, 180, 195, 245, 246))
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(ticks))
    numbers = {"loss": 1.0, "val_accuracy": 0.5}
    with progress.progress(TrainConfig("cnv_w1a1", epochs1=3, epochs2=1), "accuracy") as report:
        for step, epoch in ((1, 1 / 60), (1, 0.1), (1, 1), (1, 2), (1, 3), (2, 0.25), (2, 0.8), (2, 1)):
            report(step, epoch, numbers if epoch == int(epoch) else {})
    assert capsys.readouterr().err.splitlines() == [
        "step 1 epoch 1 (0.1 of 4 epochs, about 3.9 min left)",
        "step 1 epoch 1 loss 1.0000 val accuracy 0.5000 (1 of 4 epochs, about 3.0 min left)",
        "step 1 epoch 2 loss 1.0000 val accuracy 0.5000 (2 of 4 epochs, about 2.0 min left)",
        "step 1 epoch 3 loss 1.0000 val accuracy 0.5000 (3 of 4 epochs, about 1.0 min left)",
        "step 2 epoch 1 (3.8 of 4 epochs, about 13 s left)",
        "step 2 epoch 1 loss 1.0000 val accuracy 0.5000 (all 4 epochs)",
    ]


def test_a_resumed_training_reckons_by_its_own_epochs(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of the third epoch in 30 s: a minute and a half to go, whatever was done before."""
    ticks = iter((0, 1, 30))
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(ticks))
    with progress.progress(TrainConfig("cnv_w1a1", epochs1=1, epochs2=3), "accuracy") as report:
        report(2, 1.01, {})
        report(2, 1.5, {})
    assert capsys.readouterr().err == "step 2 epoch 2 (2.5 of 4 epochs, about 1.5 min left)\n"
