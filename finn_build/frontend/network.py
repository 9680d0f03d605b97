"""Where the build's network and frames come from: the zoo, a checkpoint or a QONNX file; a folder or the generator."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import torch
from qonnx.core.modelwrapper import ModelWrapper
from signflow_driver.inspection import Inspection
from torch import nn

from brevitas_models.data.images import UNLABELLED, ImageSet, load_folder, match_classes, to_float
from brevitas_models.data.index import find_images
from brevitas_models.data.synthetic import MIN_SIZE, make_image_set
from brevitas_models.layers.quantizers import calibrate_scales
from brevitas_models.networks import zoo
from brevitas_models.networks.network import Network
from brevitas_models.training.measure import reestimate_batch_norm
from finn_build.errors import DataError, UnsupportedModelError
from finn_build.frontend.export import MODEL_KEY, export_qonnx
from finn_build.frontend.import_qonnx import import_qonnx
from finn_build.frontend.input_checks import SYNTHETIC

_SEED = 0  # of the weights of a model that ships none


@dataclass(frozen=True)
class ImportedNetwork:
    """A network to build.

    Attributes:
        qonnx: the imported graph.
        torch: the PyTorch module it was exported from; None for a QONNX file.
        name: model name, or the file's stem.
        origin: where it came from, in words.
        classes: class names; empty when unknown.
        trained: True when the weights come from a checkpoint or file, False for a zoo model without shipped weights.
        inspection: windows and threshold for larger images, where the checkpoint has them.
        file: the file that it came as; None for a PyTorch module.
    """

    qonnx: ModelWrapper
    torch: nn.Module | None
    name: str
    origin: str
    classes: tuple[str, ...]
    trained: bool
    inspection: Inspection | None = None
    file: Path | None = None

    @property
    def input_shape(self) -> tuple[int, ...]:
        """(1, C, H, W)."""
        return tuple(self.qonnx.get_tensor_shape(self.qonnx.graph.input[0].name))

    @property
    def may_give_mask(self) -> bool:
        """Whether its first output has one or two numbers for each pixel of the image."""
        out, image = tuple(self.qonnx.get_tensor_shape(self.qonnx.graph.output[0].name)), self.input_shape
        return len(image) == 4 and len(out) > 2 and out[-2:] == image[-2:] and prod(out[:-2]) <= 2


def from_zoo(name: str, out: Path, **overrides: Any) -> ImportedNetwork:
    """A model of the zoo with its shipped weights; random ones (seed 0) where none are shipped.

    Args:
        name: in the zoo.
        out: folder for its QONNX file.
        overrides: fields of its configuration to change, e.g. `image_size`.
    """
    zoo.configure(name, **overrides)
    weights = zoo.WEIGHTS / f"{name}.pt"
    if weights.is_file():
        return from_checkpoint(weights, out, **overrides)
    model = _random_model(name, overrides)
    return _export(model, f"{name} of the zoo, random weights (seed {_SEED})", (), out, trained=False)


def _random_model(name: str, overrides: dict[str, Any]) -> Network:
    """Random weights, with scales and batch norm statistics that fit images, so that activations use their levels."""
    torch.manual_seed(_SEED)
    model = zoo.build_model(name, **overrides)
    shape = model.input_shape
    if len(shape) == 4:
        images = torch.from_numpy(to_float(make_image_set(32, shape[-1], _SEED).images)).repeat(1, shape[1], 1, 1)
    else:
        images = torch.from_numpy(to_float(_random_frames(SYNTHETIC, shape, 32, _SEED).images))
    calibrate_scales(model, images)
    reestimate_batch_norm(model, [images])
    return model


def from_checkpoint(path: Path, out: Path, **overrides: Any) -> ImportedNetwork:
    """A checkpoint written by `signflow train`, some fields of its configuration changed."""
    model, _, meta = zoo.load_checkpoint(path, **overrides)
    network = _export(model, f"checkpoint {path.name}", meta.classes, out, trained=True)
    known = meta.metrics.get("inspection")
    return replace(network, inspection=Inspection.of(known)) if known else network


def from_module(model: nn.Module, input_shape: tuple[int, ...], classes: tuple[str, ...], out: Path) -> ImportedNetwork:
    """A Brevitas network as it is; the caller's own is not touched.

    Args:
        model: the network.
        input_shape: (1, C, H, W).
        classes: names of its classes.
        out: folder for its QONNX file.

    Raises:
        UnsupportedModelError: it does not take such an input.
    """
    model, name = deepcopy(model).eval(), type(model).__name__
    try:
        with torch.inference_mode():
            model(torch.zeros(input_shape))
    except Exception as error:  # whatever a network of the caller's says
        said = (str(error).splitlines() or [""])[0]
        what = f"input_shape {input_shape[1:]}: the network does not run on it"
        raise UnsupportedModelError(f"{what}: {type(error).__name__}: {said}") from error
    path = export_qonnx(model, out / f"{name}.qonnx.onnx", input_shape, name, classes)
    return ImportedNetwork(import_qonnx(path), model, name, "given as it is", classes, trained=True)


def from_qonnx(path: Path) -> ImportedNetwork:
    """A QONNX file."""
    model = import_qonnx(path)
    return ImportedNetwork(model, None, path.stem, f"file {path.name}", _classes(model, path), trained=True, file=path)


def _classes(model: ModelWrapper, path: Path) -> tuple[str, ...]:
    """Class names in a file's metadata.

    Raises:
        UnsupportedModelError: what is there is none.
    """
    try:
        described = json.loads(model.get_metadata_prop(MODEL_KEY) or "{}")
    except (ValueError, RecursionError):
        described = None
    classes = described.get("classes", []) if isinstance(described, dict) else None
    if (
        not isinstance(classes, list)
        or not all(isinstance(c, str) for c in classes)
        or len(set(classes)) < len(classes)
    ):
        raise UnsupportedModelError(f"{path}: {MODEL_KEY} in its metadata does not name classes; export it again")
    return tuple(classes)


def _export(model: Network, origin: str, classes: tuple[str, ...], out: Path, trained: bool) -> ImportedNetwork:
    path = out / f"{model.name}.qonnx.onnx"
    export_qonnx(model, path, model.input_shape)
    try:
        imported = import_qonnx(path)
    except UnsupportedModelError as error:  # of values that only the export shows; the file is nobody's
        what, listed = error.args
        raise UnsupportedModelError(f"{origin}: exported, it cannot be built:", listed or [what]) from error
    return ImportedNetwork(imported, model.eval(), str(model.name), origin, classes, trained)


def load_images(source: str, network: ImportedNetwork, count: int, seed: int) -> ImageSet:
    """Images of the network's size; of a folder's classes by turns, since the first ones are simulated and shown.

    Args:
        source: a folder, or "synthetic" for generated ones; an input that is no image gets random bytes.
        network: whose input shape and classes are wanted.
        count: how many synthetic images to make; a folder is read whole.
        seed: of the generator.

    Raises:
        DataError: no such folder, no images, or some classes that the network knows and some that it does not.
    """
    shape = network.input_shape
    if len(shape) != 4 or shape[1] not in (1, 3):
        return _random_frames(source, shape, count, seed)
    _, channels, height, width = shape
    if source == SYNTHETIC:
        made = make_image_set(count, max(height, width, MIN_SIZE), seed)
        images = np.repeat(made.images[:, :, :height, :width], channels, axis=1)
        unlabelled = np.full_like(made.labels, UNLABELLED)
        return replace(made, images=images, labels=unlabelled, masks=None)  # frames, not a test set
    if network.may_give_mask:
        masks = any(row.mask for row in find_images(Path(source)))
        data = load_folder(source, (height, width), channels, classes=network.classes if masks else (), masks=masks)
    else:
        data = load_folder(source, (height, width), channels)
        data = match_classes(data, network.classes) if set(data.classes) & set(network.classes) else data
    return data.by_turns()


def without_foreign_classes(images: ImageSet, network: ImportedNetwork) -> tuple[ImageSet, str]:
    """The images, unlabelled where none of their classes is the network's; then in words what that leaves out."""
    if not images.classes or not network.classes or set(images.classes) & set(network.classes):
        return images, ""
    theirs, known = ", ".join(images.classes), ", ".join(network.classes)
    said = f"accuracy: of the images' classes ({theirs}) none is the network's ({known})"
    unlabelled = replace(images, labels=np.full_like(images.labels, UNLABELLED), classes=())
    return unlabelled, f"{said}; `signflow train --data` makes a network for them"


def as_images(images: np.ndarray, network: ImportedNetwork) -> ImageSet:
    """Frames from memory.

    Raises:
        DataError: they are not of the network's size.
    """
    if images.shape[1:] != network.input_shape[1:]:
        raise DataError(f"images: {images.shape[1:]}; the network takes {network.input_shape[1:]} (C, H, W)")
    names = tuple(f"image_{i}" for i in range(len(images)))
    return ImageSet(images, np.full(len(images), UNLABELLED), names, (), np.full(len(images), ""))


def _random_frames(source: str, shape: tuple[int, ...], count: int, seed: int) -> ImageSet:
    """Random bytes for a network whose input is no grey or RGB image.

    Raises:
        DataError: a folder of images was given.
    """
    if source != SYNTHETIC:
        raise DataError(
            f"--images {source}: the network takes an input of shape {shape}; images need (1, 1 or 3, H, W)"
        )
    frames = np.random.default_rng(seed).integers(0, 256, (count, *shape[1:]), dtype=np.uint8)
    names = tuple(f"random_{i}" for i in range(count))
    return ImageSet(frames, np.full(count, UNLABELLED), names, (), np.full(count, ""))
