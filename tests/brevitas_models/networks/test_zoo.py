import hashlib
import json
import re
import zipfile
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch

from brevitas_models.data.images import to_float
from brevitas_models.data.synthetic import make_dataset
from brevitas_models.networks.configs.cnv import CNVConfig
from brevitas_models.networks.configs.table import configure, parse_overrides
from brevitas_models.networks.zoo import (
    DEFAULT_MODEL,
    WEIGHTS,
    ZOO,
    build_model,
    load_checkpoint,
    pretrained_path,
    read_checkpoint_file,
    save_checkpoint,
)
from finn_build.errors import ConfigError, DataError
from tests.brevitas_models.nets import random_images, randomize

INPUTS = {"binary_rescnn": (2, 1, 64, 64), "cnv": (2, 3, 32, 32)}


@pytest.mark.parametrize("name", [n for n in ZOO if n.startswith(("binary_rescnn_w1a", "cnv_w1a"))])
def test_every_name_builds_and_runs(name: str) -> None:
    model = build_model(name).eval()
    logits = model(torch.from_numpy(random_images(INPUTS[name.rpartition("_")[0]], seed=0)))
    assert logits.shape == (2, model.config.num_classes)
    assert model.name == name and name.endswith(f"a{model.config.act_bits}")
    assert model.config.weight_bits == 1


@pytest.mark.parametrize(
    ("name", "classes"), [("mobilenet_w1a4", 2), ("keyword_net_w1a4", 12), ("tfc_w1a2", 10), ("lfc_w1a1", 10)]
)
def test_networks_of_other_peoples_figures(name: str, classes: int) -> None:
    model = build_model(name).eval()
    assert model(torch.rand(2, *model.input_shape[1:])).shape == (2, classes)


def test_signals_have_no_image_size() -> None:
    with pytest.raises(ConfigError, match=r"^keyword_net_w1a4: it takes signals of shape \(40, 96\), the data sets"):
        assert build_model("keyword_net_w1a4").image_size


@pytest.mark.parametrize(
    ("channels", "blocks", "size"), [((4,), (1,), 8), ((4, 6), (0, 3), 24), ((3, 5, 7, 9), (1, 0, 2, 1), 32)]
)
def test_rescnn_of_any_depth_width_and_size(channels: tuple[int, ...], blocks: tuple[int, ...], size: int) -> None:
    model = build_model(
        "binary_rescnn_w1a1", channels=channels, blocks=blocks, image_size=size, in_channels=3, num_classes=5
    )
    assert model(torch.zeros(2, 3, size, size)).shape == (2, 5)


def test_shortcut_streams_are_integers_on_one_scale() -> None:
    model = randomize(build_model("binary_rescnn_w1a1", blocks=(2, 2, 2)), seed=0)
    streams = []
    for stage in model.stages:
        stage.register_forward_hook(lambda stage, _x, y: streams.append(y / stage.residual.act_quant.scale()))
    model(torch.from_numpy(random_images((2, 1, 64, 64), seed=1)))
    assert len(streams) == 3
    for stream in streams:
        assert torch.equal(stream, stream.round())
        assert stream.abs().max() <= 3 * 2 ** (model.config.residual_bits - 1)


def test_real_weights_load_into_the_binary_network() -> None:
    real = build_model("binary_rescnn_w1a2", weight_bits=32)
    binary = build_model("binary_rescnn_w1a2")
    binary.load_state_dict(real.state_dict())
    assert binary.stages[0].branches[0].conv.quant_weight().value.abs().unique().tolist() == [1.0]


def test_checkpoint_rebuilds_the_network(tmp_path: Path) -> None:
    model = randomize(build_model("cnv_w1a2", width=4, num_classes=3), seed=4)
    model.classes = ("a", "b", "c")
    path = save_checkpoint(tmp_path / "net.pt", model, {"val": 0.5})
    loaded, config, meta = load_checkpoint(path)
    images = torch.from_numpy(random_images((2, 3, 32, 32), seed=4))
    assert torch.equal(loaded(images), model(images))
    assert config == CNVConfig(width=4, num_classes=3, act_bits=2)
    assert (meta.name, meta.classes, meta.metrics) == ("cnv_w1a2", ("a", "b", "c"), {"val": 0.5})
    assert not loaded.training


def test_unknown_names_are_answered_with_a_suggestion() -> None:
    with pytest.raises(ConfigError, match="model 'binary_rescnn_w1a3' is unknown; did you mean 'binary_rescnn_w1a"):
        build_model("binary_rescnn_w1a3")
    with pytest.raises(ConfigError, match="cnv_w1a1: no option 'widht'; did you mean 'width'"):
        build_model("cnv_w1a1", widht=3)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"image_size": 60}, "image_size=60 is not a multiple of 16; nearest: 64"),
        ({"image_size": 0}, "image_size=0 is not a multiple of 16; nearest: 16"),
        ({"channels": (4, 4)}, "must be of equal length"),
        ({"residual_bits": 3}, "residual_bits=3 is not legal; choose 4 to 8"),
        ({"act_bits": 9}, "act_bits=9 is not legal"),
        ({"activation": "tanh"}, "activation='tanh' is unknown"),
    ],
)
def test_illegal_fields_are_named(fields: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        build_model("binary_rescnn_w1a1", **fields)


def test_lists_from_yaml_become_tuples() -> None:
    assert configure("binary_rescnn_w1a1", channels=[4, 5], blocks=[1, 1]).channels == (4, 5)


def test_broken_checkpoints_are_data_errors(tmp_path: Path) -> None:
    path = tmp_path / "net.pt"
    with pytest.raises(DataError, match=r"net\.pt: no such checkpoint"):
        load_checkpoint(path)
    path.write_bytes(b"not a checkpoint")
    with pytest.raises(DataError, match=r"net\.pt: not a readable checkpoint"):
        load_checkpoint(path)
    save_checkpoint(path, build_model("binary_rescnn_w1a1"))
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(DataError, match=r"net\.pt: not a readable checkpoint"):
        load_checkpoint(path)
    torch.save({"model": "cnv_w1a1"}, path)
    with pytest.raises(DataError, match="it lacks config, state, classes, metrics"):
        load_checkpoint(path)


@pytest.mark.parametrize(
    ("part", "lie", "message"),
    [
        *(("model", lie, "model is no name") for lie in (3, None, ["cnv_w1a1"], b"cnv_w1a1")),
        *(("config", lie, "config is no mapping of names") for lie in (None, [1], {3: 1}, "width")),
        ("config", {"width": "4"}, "width='4'; legal: int"),
        ("config", {"width": 4.0}, "width=4.0; legal: int"),
        ("config", {"width": True}, "width=True; legal: int"),
        ("config", {"width": float("nan")}, "width=nan; legal: int"),
        ("config", {"num_classes": 2**40}, "num_classes=1099511627776; legal: int, numbers up to 65,536"),
        ("config", {"width": -1}, "cnv"),
        ("config", {"act_signed": 1}, "act_signed=1; legal: bool"),
        *(("metrics", lie, "metrics is no mapping of names") for lie in (None, [1], 4)),
        *(("classes", lie, "classes is no list of names") for lie in (None, 7, "abc", [1, 2], [["a"]], {"a": 1})),
        *(("classes", lie, "different classes, the network tells 10 apart") for lie in (["a"], ["a"] * 10)),
        *(("state", lie, "state is no mapping") for lie in (None, [1], {"a": 3}, {3: torch.ones(1)})),
        ("state", {"a": torch.ones(3).to_sparse()}, "state is no mapping of names to tensors"),
        ("state", {"a": torch.ones(3, device="meta")}, "state is no mapping of names to tensors"),
        ("state", {"a": torch.ones(3, dtype=torch.complex64)}, "state is no mapping of names to tensors"),
        ("state", {"a": torch.tensor([1.0, float("nan")])}, "a holds infinite values or no numbers"),
        ("state", {"a": torch.tensor([1.0, float("inf")])}, "a holds infinite values or no numbers"),
        ("state", {"a": torch.ones(3)}, "weights do not fit cnv_w1a1"),
    ],
)  # fmt: skip
def test_checkpoints_that_lie_are_refused(tmp_path: Path, part: str, lie: object, message: str) -> None:
    path = save_checkpoint(tmp_path / "net.pt", build_model("cnv_w1a1", width=1))
    torch.save(torch.load(path, weights_only=True) | {part: lie}, path)
    with pytest.raises((DataError, ConfigError), match=re.escape(message)):
        load_checkpoint(path)


def test_options_that_are_no_yaml() -> None:
    for text in ("width=[", "width=2026-99-99", "width=" + "[" * 5000, "width=1" + "0" * 5000):
        with pytest.raises(ConfigError, match="its value is no YAML"):
            parse_overrides([text])


def test_weights_of_another_shape_are_a_data_error(tmp_path: Path) -> None:
    path = save_checkpoint(tmp_path / "net.pt", build_model("cnv_w1a1", width=4))
    content = torch.load(path, weights_only=True)
    content["config"]["width"] = 8
    torch.save(content, path)
    with pytest.raises(DataError, match="weights do not fit cnv_w1a1"):
        load_checkpoint(path)


@pytest.mark.parametrize("seed", range(40))
def test_damaged_checkpoints_are_refused(tmp_path: Path, seed: int) -> None:
    """A few bytes of the content changed anywhere, or the end cut off, or more behind it."""
    path, rng = save_checkpoint(tmp_path / "net.pt", build_model("cnv_w1a1", width=4)), np.random.default_rng(seed)
    content = bytearray(path.read_bytes())
    if seed % 8 == 0:
        content = content[: rng.integers(len(content))]
    elif seed % 8 == 4:
        content += rng.bytes(rng.integers(1, 99))
    else:
        with zipfile.ZipFile(path) as parts:
            part = parts.infolist()[seed % len(parts.infolist())]
            begin = part.header_offset + 30 + int.from_bytes(content[part.header_offset + 26 :][:2], "little")
            begin += int.from_bytes(content[part.header_offset + 28 :][:2], "little")
        for place in begin + rng.integers(part.file_size, size=2 if part.file_size > 8 else 1):
            content[place] ^= 1 << int(rng.integers(8))
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"not a readable checkpoint|damaged: the checksum of|damaged: more bytes"):
        load_checkpoint(path)


def test_no_bit_around_a_weight_gives_another_one(tmp_path: Path) -> None:
    """Each bit of the headers of one part, and of the record that ends the file: refused, or the same numbers."""
    path = save_checkpoint(tmp_path / "net.pt", build_model("cnv_w1a1", width=1))
    content, state = path.read_bytes(), read_checkpoint_file(path, ("state",))["state"]
    with zipfile.ZipFile(path) as parts:
        part = parts.getinfo(next(name for name in parts.namelist() if name.endswith("/data/0")))
        listed = content.index(b"PK\1\2", parts.start_dir)
        while not content[listed + 46 :].startswith(part.filename.encode()):
            listed = content.index(b"PK\1\2", listed + 1)
    places = [
        *range(part.header_offset, part.header_offset + 30 + len(part.filename)),
        *range(listed, listed + 46 + len(part.filename)),
        *range(len(content) - 22, len(content)),
    ]
    same = 0
    for place, bit in product(places, range(8)):
        changed = bytearray(content)
        changed[place] ^= 1 << bit
        path.write_bytes(changed)
        try:
            read = read_checkpoint_file(path, ("state",))["state"]
        except DataError:
            continue
        assert list(read) == list(state) and all(torch.equal(read[key], state[key]) for key in state), (place, bit)
        same += 1
    assert 0 < same < len(places) * 4


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_checkpoint_with_two_parts_of_one_name_is_refused(tmp_path: Path) -> None:
    path = save_checkpoint(tmp_path / "net.pt", build_model("cnv_w1a1", width=4))
    with zipfile.ZipFile(path, "a") as parts:
        parts.writestr(parts.infolist()[1], parts.read(parts.infolist()[1]))
    with pytest.raises(DataError, match=r"damaged: it holds two parts of one name"):
        load_checkpoint(path)


SHIPPED = {
    "bi_shufflenet": ("accuracy", 0.985),
    "bi_shufflenet_tile": ("accuracy", 0.75),
    "binary_rescnn_w1a1": ("accuracy", 0.95),
    "u_binet_small_w1a2": ("dice", 0.89),
    "u_binet_small_w1a4": ("dice", 0.9),
    "u_binet_small_w1a4_tile": ("dice", 0.7),
}


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_weights_are_small_described_and_reach_their_goal(name: str) -> None:
    score, goal = SHIPPED[name]
    path = pretrained_path(name)
    described = json.loads(path.with_suffix(".json").read_text())
    model, config, meta = load_checkpoint(path)
    assert path.stat().st_size < 2**21 and hashlib.sha256(path.read_bytes()).hexdigest() == described["sha256"]
    assert path.stem == name == meta.name == described["model"] and config.weight_bits == 1
    assert list(meta.classes) == described["classes"]
    assert described[score]["test"] >= goal
    assert described[score]["val"] == meta.metrics["val"][score]
    assert "never split" in described["protocol"]
    images = torch.from_numpy(to_float(make_dataset(12, config.image_size)[0]))
    if score == "dice":
        assert model(images).unique().tolist() == [-1.0, 1.0]
        return
    logits = model(images).detach().numpy()
    assert len(meta.classes) == config.num_classes == logits.shape[1] == 6
    assert np.array_equal(logits * 2.0**16, np.round(logits * 2.0**16)) and len(np.unique(logits)) > 12


def test_missing_weights_name_the_shipped_ones() -> None:
    assert tuple(sorted(file.stem for file in WEIGHTS.glob("*.pt"))) == tuple(SHIPPED) and DEFAULT_MODEL in SHIPPED
    with pytest.raises(ConfigError, match=f"no trained weights for 'cnv_w1a1'; shipped: {', '.join(SHIPPED)}"):
        pretrained_path("cnv_w1a1")
