"""What each output means: inferred from what the network computes, as the user says, or refused by name."""

from pathlib import Path

import numpy as np
import pytest
import torch
from brevitas.nn import QuantConv2d, QuantIdentity
from signflow_driver import Meaning, decide
from torch import Tensor, nn
from torch.nn import functional

from brevitas_models.layers.quantizers import BipolarAct, act_quantizer, pixel_quantizer, weight_quantizer
from finn_build.errors import ConfigError
from finn_build.frontend.export import export_qonnx
from finn_build.frontend.import_qonnx import import_qonnx
from finn_build.frontend.integers import IntegerNetwork, to_integers
from finn_build.frontend.meaning import classes_of, meanings

ENDS = {
    "scores": (3, lambda x: x.mean((2, 3)), ("scores", 0.0)),
    "map of one pixel": (3, lambda x: functional.adaptive_avg_pool2d(x, 1), ("scores", 0.0)),
    "softmax": (3, lambda x: x.mean((2, 3)).softmax(1), ("scores", 0.0)),
    "label": (3, lambda x: x.mean((2, 3)).argmax(1), ("label", 0.0)),
    "label kept": (3, lambda x: x.mean((2, 3)).argmax(1, keepdim=True), ("label", 0.0)),
    "logit": (1, lambda x: x.mean((2, 3)), ("logit", 0.0)),
    "sigmoid": (1, lambda x: x.mean((2, 3)).sigmoid(), ("logit", 0.5)),
    "compared": (1, lambda x: (x.mean((2, 3)) > 0.25).float(), ("logit", 0.5)),
    "scaled logit": (1, lambda x: x.mean((2, 3)) * 3 - 1, ("logit", 0.0)),
    "score map": (3, lambda x: x, ("score map", 0.0)),
    "label map": (3, lambda x: x.argmax(1), ("label map", 0.0)),
    "label map kept": (3, lambda x: x.argmax(1, keepdim=True), ("label map", 0.0)),
    "label map, channels last": (3, lambda x: x.permute(0, 2, 3, 1).argmax(-1), ("label map", 0.0)),
    "labels in a row": (3, lambda x: x.flatten(2).argmax(1), ("raw", 0.0)),
    "places along a dimension": (3, lambda x: x.argmax(2), ("raw", 0.0)),
    "places of the largest": (3, lambda x: x.flatten(2).argmax(-1), ("raw", 0.0)),
    "mask": (1, lambda x: x, ("mask", 0.0)),
    "mask squeezed": (1, lambda x: x.squeeze(1), ("mask", 0.0)),
    "mask of shares": (1, lambda x: x.sigmoid(), ("mask", 0.5)),
    "signs": (1, QuantIdentity(act_quant=BipolarAct, return_quant_tensor=False), ("mask", 0.0)),
    "bits": (1, act_quantizer(1, signed=False, max_value=1.0), ("mask", 0.5)),
    "never negative": (1, act_quantizer(4, signed=False, max_value=4.0), ("raw", 0.0)),
}


class _Net(nn.Module):
    def __init__(self, channels: int, end: object):
        super().__init__()
        torch.manual_seed(5)
        self.pixels, self.end = pixel_quantizer(), end
        self.conv = QuantConv2d(1, channels, 3, padding=1, bias=False, **weight_quantizer(1))

    def forward(self, x: Tensor) -> Tensor:
        return self.end(self.conv(self.pixels(x)))  # type: ignore[operator]


class _Heads(_Net):
    """A score map, its labels, and the scores of the whole."""

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        x = self.conv(self.pixels(x))
        return x, x.argmax(1), x.mean((2, 3))


def _integers(model: nn.Module, folder: Path) -> IntegerNetwork:
    return to_integers(import_qonnx(export_qonnx(model.eval(), folder / "net.onnx", (1, 1, 6, 6))))


@pytest.mark.parametrize("name", ENDS)
def test_meaning_follows_from_what_is_computed(name: str, tmp_path: Path) -> None:
    channels, end, wanted = ENDS[name]
    integers = _integers(_Net(channels, end), tmp_path)
    (found,) = meanings(integers).values()
    assert (found.kind, found.threshold) == wanted and found.why
    if found.kind != "raw":
        assert classes_of(integers, next(iter(integers.tails)), found) == max(2, channels)


def test_heads_and_names(tmp_path: Path) -> None:
    integers = _integers(_Heads(3, None), tmp_path)
    assert [m.kind for m in meanings(integers).values()] == ["score map", "label map", "scores"]
    assert [m.kind for m in meanings(integers, classes=3).values()] == ["score map", "label map", "scores"]
    found = meanings(integers, classes=5)
    assert [(m.kind, m.why) for m in found.values()][::2] == [("raw", "3 numbers, for 5 classes")] * 2


@pytest.mark.parametrize(
    ("name", "word", "wanted"),
    [
        ("mask", "raw", ("raw", 0.0)),
        ("never negative", "mask", ("mask", 0.0)),
        ("mask of shares", "mask", ("mask", 0.5)),
        ("label map", "mask", ("mask", 0.5)),
        ("logit", "classes", ("label", 0.0)),
        ("label", "logit", ("logit", 0.5)),
        ("score map", "classes", ("score map", 0.0)),
        ("mask", "classes", ("label map", 0.0)),
    ],
)
def test_the_user_may_say_otherwise(name: str, word: str, wanted: tuple[str, float], tmp_path: Path) -> None:
    (found,) = meanings(_integers(_Net(*ENDS[name][:2]), tmp_path), stated=word).values()
    assert (found.kind, found.threshold, found.why) == (*wanted, "as stated")


def test_what_does_not_fit_is_refused(tmp_path: Path) -> None:
    integers = _integers(_Net(*ENDS["scores"][:2]), tmp_path)
    (name,) = integers.tails
    with pytest.raises(ConfigError, match=rf"--output mask: output {name} is of shape \(1, 3\); legal: classes, raw"):
        meanings(integers, stated="mask")
    with pytest.raises(ConfigError, match=r"--output classes,raw: 2 word\(s\) for 1 output\(s\)"):
        meanings(integers, stated="classes,raw")


def test_decisions() -> None:
    scores = np.array([[1, 3, 2], [5, 0, 5]], np.float32)
    assert decide(scores, Meaning("scores")).tolist() == decide(scores[..., None, None], Meaning("scores")).tolist()
    assert decide(scores, Meaning("scores")).tolist() == [1, 0]
    for labels in (np.array([2, 0]), np.array([[2], [0]])):
        assert decide(labels, Meaning("label")).tolist() == [2, 0]
    assert decide(np.array([[0.6], [0.5]]), Meaning("logit", 0.5)).tolist() == [1, 0]
    maps = np.random.default_rng(0).normal(size=(2, 3, 4, 5))
    assert np.array_equal(decide(maps, Meaning("score map")), maps.argmax(1))
    labels = maps.argmax(1)
    for same in (labels, labels[:, None]):
        assert np.array_equal(decide(same, Meaning("label map")), labels)
        assert np.array_equal(decide(same, Meaning("mask", 0.5)), labels > 0)
    with pytest.raises(ValueError, match="decides nothing"):
        decide(scores, Meaning("raw"))
    with pytest.raises(ValueError, match="meaning 'class'; legal: scores, "):
        Meaning("class")
