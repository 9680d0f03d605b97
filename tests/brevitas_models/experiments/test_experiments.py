"""The command on small folders of synthetic images: every kind of system, resumed, repeated, spread over processes."""

import csv
import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from brevitas_models.data.synthetic import CLASSES, make_dataset
from brevitas_models.experiments import presets
from brevitas_models.experiments.command import main
from brevitas_models.experiments.datasets import DATASETS
from brevitas_models.experiments.jobs import Job, processor
from brevitas_models.experiments.presets import PRESETS
from brevitas_models.experiments.runner import Runner
from brevitas_models.experiments.systems import SYSTEMS, NetworkSystem
from brevitas_models.experiments.tables import TABLES
from brevitas_models.networks.zoo import build_model
from brevitas_models.training.trainer import Trainer


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """90 images with masks, in pairs."""
    folder = tmp_path_factory.mktemp("neu")
    pixels, labels, masks = make_dataset(90, 48)
    with (folder / "index.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "class", "group", "mask"])
        for i, label in enumerate(labels):
            Image.fromarray(pixels[i, 0]).save(folder / f"{i}.png")
            Image.fromarray(masks[i].astype(np.uint8) * 255).save(folder / f"m{i}.png")
            group = f"{CLASSES[label]}{i // len(CLASSES) // 2}"
            writer.writerow([f"{i}.png", CLASSES[label], group, f"m{i}.png"])
    return folder


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """One epoch per step at 32 pixels."""

    def recipe(system: NetworkSystem, dataset: presets.DataSet) -> dict:
        return {"epochs1": int(system.binary), "epochs2": 1, "batch": 16}

    small = replace(PRESETS["small"], image_size={False: 32, True: 32}, recipe=recipe, widths={"unet": 4, "u_binet": 4})
    monkeypatch.setitem(presets.PRESETS, "small", small)


def lines(out: Path) -> list[dict]:
    return [json.loads(line) for line in (out / "results.jsonl").read_text().splitlines()]


def test_every_run_of_every_table_can_be_configured() -> None:
    """Each network is made once, at the size of the first preset that asks for it."""
    made = set()
    for preset in PRESETS:
        systems = {(job.system, job.dataset) for table in TABLES.values() for job in table.jobs("paper", preset, [0])}
        assert {system for system, _ in systems} == set(SYSTEMS)
        for name, dataset in systems:
            if not isinstance(system := SYSTEMS[name], NetworkSystem):
                continue
            config = PRESETS[preset].training(system, DATASETS[dataset], 0)
            network = (config.model, *sorted((key, v) for key, v in config.overrides.items() if key != "image_size"))
            if network not in made:
                with torch.device("meta"):  # no weights
                    build_model(config.model, **config.overrides)
            made.add(network)


@pytest.mark.usefixtures("tiny")
def test_runs_resumes_and_repeats(
    images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A hardware form, trained in two steps, is the same in integers; broken off, it goes on; again, it is the same."""
    out = tmp_path / "out"
    command = ["table2", "--neu", str(images), "--out", str(out), "--splits", "0"]
    chosen = ["--systems", "bi_shufflenet_hardware", "shufflenet_v2"]
    saved = Trainer._save

    def break_off(self: Trainer, path: Path, state: object) -> None:
        saved(self, path, state)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "_save", break_off)
        assert main([*command, *chosen]) == 130
    assert main([*command, *chosen]) == 0
    found = {line["system"]: line for line in lines(out)}
    assert found["bi_shufflenet_hardware"]["integer_model"] == found["bi_shufflenet_hardware"]["test"]
    assert found["shufflenet_v2"]["path"] == "float" and "integer_model" not in found["shufflenet_v2"]
    assert found["shufflenet_v2"]["training"]["epochs1"] == 0
    split = (out / "splits" / "neu_grouped0.csv").read_text().splitlines()
    assert (
        len(split) == 91 and sum(line.endswith(",test") for line in split) == found["shufflenet_v2"]["images"]["test"]
    )
    capsys.readouterr()
    assert main([*command, *chosen]) == 0  # nothing left to run
    assert len(lines(out)) == 2
    assert main([*command, "--systems", "shufflenet_v2", "lbp_svm", "--seeds", "2"]) == 0
    assert [(line["system"], line["seed"], line["training"].get("seed")) for line in lines(out)[2:]] == [
        ("lbp_svm", 0, None), ("shufflenet_v2", 1, 5)
    ]  # fmt: skip
    assert main([*command, "--systems", "shufflenet_v2", "--again"]) == 0
    printed = capsys.readouterr().out
    assert "neu/shufflenet_v2/grouped0_small: the same" in printed and "neu grouped 0 seed 1: shufflenet_v2" in printed
    assert found["shufflenet_v2"]["processor"] == processor()
    found["shufflenet_v2"]["val"][0][0] += 1
    found["shufflenet_v2"]["processor"] = "another"
    (out / "results.jsonl").write_text(json.dumps(found["shufflenet_v2"]) + "\n")
    assert main([*command, "--systems", "shufflenet_v2", "--again"]) == 1
    printed = capsys.readouterr().out
    assert "neu/shufflenet_v2/grouped0_small: differs" in printed
    assert f"made on another; this is {processor()}, which may sum floats in another order" in printed


@pytest.mark.usefixtures("tiny")
def test_masks_by_networks_and_classical_methods(images: Path, tmp_path: Path) -> None:
    systems = ["cat", "ssd", "esp", "unet", "u_binet_w1a2", "u_binet_w1a32"]
    assert main(["table4", "--neu", str(images), "--out", str(tmp_path), "--splits", "1", "--systems", *systems]) == 0
    found = {line["system"]: line for line in lines(tmp_path)}
    pixels = {sum(map(sum, line["test"])) for line in found.values()}
    assert set(found) == set(systems) and pixels == {found["cat"]["images"]["test"] * 32 * 32}
    assert found["u_binet_w1a2"]["integer_model"] == found["u_binet_w1a2"]["test"]
    report = (tmp_path / "grouped_small.md").read_text()
    assert "## Table 4" in report and "grouped_small_neu_patches_bits.png" in report
    for picture in (tmp_path / "plots").glob("*.png"):
        assert Image.open(picture).size[0] > 300


def test_spreads_runs_over_processes(images: Path, tmp_path: Path) -> None:
    """The same numbers as in this process, and a tick for each epoch."""
    jobs = [(Job("neu", system, "grouped", 0, "small"), images) for system in ("lbp_svm", "aeclbp_svm")]
    ticks: dict[int, list[Job]] = {1: [], 2: []}
    tests: dict[int, dict[str, object]] = {}
    for workers in ticks:
        outcomes = Runner(tmp_path, workers).run(jobs, ticks[workers].append)
        tests[workers] = {job.system: outcome["test"] for job, outcome in outcomes if isinstance(outcome, dict)}
    assert tests[1] == tests[2] and len(tests[2]) == 2
    assert set(ticks[1]) == set(ticks[2]) == {job for job, _ in jobs}
    command = ["table2", "--neu", str(images), "--out", str(tmp_path), "--splits", "0", "--workers", "2"]
    assert main([*command, "--systems", "lbp_svm"]) == 0
    assert lines(tmp_path)[0]["test"] == tests[1]["lbp_svm"]


def test_workers_keep_the_memory_that_a_training_frees(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Dask would have them return it at once, and a training takes it again in each step."""
    monkeypatch.delenv("MALLOC_TRIM_THRESHOLD_", raising=False)
    with Runner(tmp_path).client() as client:
        assert list(client.run(os.getenv, "MALLOC_TRIM_THRESHOLD_").values()) == [None]


def test_one_bad_run_is_reported_and_the_others_go_on(
    images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    few = tmp_path / "few"
    few.mkdir()
    Image.new("L", (48, 48)).save(few / "0.png")
    (few / "index.csv").write_text("path,class,group,mask\n0.png,blowhole,g0,0.png\n")
    command = ["table3", "table4", "--systems", "cat", "unet", "--neu", str(images), "--magnetic-tile", str(few)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(
            presets.PRESETS, "small", replace(PRESETS["small"], recipe=lambda s, d: {"epochs1": 0, "epochs2": 1})
        )
        assert main([*command, "--splits", "0", "--out", str(tmp_path / "out")]) == 1
    errors = capsys.readouterr().err
    assert (
        "tile_blowhole/unet/grouped0_small: class 'blowhole' has 1 groups of images; 5 folds need at least 5" in errors
    )
    assert {line["system"] for line in lines(tmp_path / "out")} == {"cat", "unet"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["table2"], "neu/lbp_svm/grouped0_small: its images are not named; add --neu FOLDER"),
        (["table1"], "magnetic_tile/mobilenet_v2/grouped0_small: its images are not named; add --magnetic-tile FOLDER"),
        (["table2", "--again"], "--again: {out}/results.jsonl has no result of these runs"),
    ],
)
def test_what_is_missing_is_named(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*arguments, "--out", str(tmp_path)]) == 1
    assert capsys.readouterr().err == f"error: {message.format(out=tmp_path)}\n"


def test_a_broken_line_of_results_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "results.jsonl").write_text('{"dataset": "neu"}\n')
    assert main(["table2", "--report", "--out", str(tmp_path)]) == 1
    assert "results.jsonl:1: not a result ('system'); remove the line to run it again" in capsys.readouterr().err
