"""A packed checkpoint is smaller and the same network."""

from pathlib import Path

import pytest
import torch

from brevitas_models.networks.zoo import build_model, load_checkpoint, save_checkpoint
from brevitas_models.training.pack import main
from tests.builds.networks import randomize


def test_packed_is_smaller_and_gives_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.manual_seed(0)
    model = randomize(build_model("bi_shufflenet", image_size=32), seed=1)
    source, target = save_checkpoint(tmp_path / "net.pt", model), tmp_path / "packed.pt"
    assert main([str(source), str(target)]) == 0
    assert target.stat().st_size < 0.4 * source.stat().st_size
    assert f"of {source}" in capsys.readouterr().out
    images = torch.rand(4, 1, 32, 32)
    with torch.no_grad():
        assert torch.equal(load_checkpoint(source)[0](images), load_checkpoint(target)[0](images))


def test_what_is_no_checkpoint_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "none.pt"), str(tmp_path / "packed.pt")]) == 1
    assert capsys.readouterr().err == f"error: {tmp_path / 'none.pt'}: no such checkpoint\n"
