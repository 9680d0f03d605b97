"""The driver's own command on the simulated board: rate, classes of a folder, images of any size."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from signflow_driver import Accelerator, Inspection, folder_frames, load_description
from signflow_driver.__main__ import main

from sim.board import simulated_board
from tests.board.deployments import Deployment, grey_scores, square_masks


@pytest.fixture(scope="module")
def scores(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    return grey_scores(tmp_path_factory.mktemp("scores"))


def _pictures(folder: Path, sizes: list[tuple[int, int]]) -> Path:
    for number, (height, width) in enumerate(sizes):
        pixels = np.random.default_rng(number).integers(0, 256, (height, width), dtype=np.uint8)
        (folder / "sub").mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(folder / "sub" / f"{number}.png")
    return folder


def _run(built: Deployment, *words: str) -> int:
    with simulated_board(built.folder):
        return main(["--bit", str(built.bitfile), *words])


def test_typos_are_named(capsys: pytest.CaptureFixture) -> None:
    for words, meant in ((["throughputt"], "'throughput'"), (["infer", "images", "--kepe"], "'--keep'")):
        with pytest.raises(SystemExit):
            main(words)
        assert f"; did you mean {meant}?" in capsys.readouterr().err


def test_throughput(scores: Deployment, capsys: pytest.CaptureFixture) -> None:
    assert _run(scores, "throughput", "--jobs", "1") == 0
    first, *streams = capsys.readouterr().out.splitlines()
    assert first.startswith("64 frames, ") and "frames/s, latency " in first
    assert len(streams) == 2 and all("cycles stalled" in line for line in streams)


def test_classes_of_a_folder(scores: Deployment, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    images = _pictures(tmp_path / "images", [(11, 9), (22, 30), (11, 9)])
    assert _run(scores, "infer", str(images)) == 0
    said = capsys.readouterr().out.splitlines()
    frames = np.stack(list(folder_frames(images, (1, 11, 9))))
    (wanted,) = scores.expected(frames).values()
    assert said == [f"sub/{i}.png: {label}" for i, label in enumerate(wanted.argmax(1))]
    assert _run(scores, "infer", str(tmp_path / "none")) == 1
    assert "none: no images; legal: .png, " in capsys.readouterr().err


def test_masks_of_images_of_any_size(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    built, images = square_masks(tmp_path / "built"), _pictures(tmp_path / "images", [(8, 8), (13, 21)])
    assert _run(built, "infer", str(images)) == 0
    assert [line.split(": ")[1].split(" ", 1)[1] for line in capsys.readouterr().out.splitlines()] == [
        "of its pixels"
    ] * 2
    assert _run(built, "inspect", str(images)) == 1
    assert "error: inspect: the description of" in capsys.readouterr().err
    path = built.folder / "accelerator.json"
    replace(load_description(path), inspection=Inspection(8, 4, threshold=10.0)).save(path)
    assert _run(built, "inspect", str(images), "--out", str(tmp_path / "masks")) == 0
    said = capsys.readouterr().out.splitlines()
    with simulated_board(built.folder), Accelerator(built.bitfile) as accelerator:
        for number, line in enumerate(said):
            pixels = np.asarray(Image.open(images / "sub" / f"{number}.png"))
            verdict = accelerator.inspect(pixels)
            alarm = "alarm" if verdict.score > 10 else "free"
            assert line == f"sub/{number}.png: {verdict.label}, score {verdict.score:.4g}, {alarm}"
            mask = np.asarray(Image.open(tmp_path / "masks" / "sub" / f"{number}.png"))
            assert np.array_equal(mask, verdict.mask * 255)
    assert len(said) == 2 and json.loads(path.read_text())["inspection"]["threshold"] == 10.0
