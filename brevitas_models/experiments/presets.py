"""How long and how every family of networks is trained: as in section 4.2 of the paper, or within minutes on a CPU.

`headline` is the paper's recipe with its number of image passes (Magnetic Tile: 1,600 times 330 images in each step) on
images of 96 pixels, those of Magnetic Tile as patches: for Bi-ShuffleNet a sixth of the work of `full`. `quarter` is
the same with a quarter of the passes: beside `headline` and `small` it shows what passes give.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from brevitas_models.data.augment import Augmentation
from brevitas_models.experiments.datasets import TILE, DataSet
from brevitas_models.experiments.systems import NetworkSystem
from brevitas_models.training.train_config import TrainConfig


@dataclass(frozen=True)
class Preset:
    """A way to run everything.

    Attributes:
        image_size: by whether masks are wanted, height and width of the images in pixels.
        rgb: whether data sets that the paper reads in colour are read so.
        widths: channels at full resolution of U-Net and U-BiNet; empty for the zoo's.
        recipe: the fields of a `TrainConfig` for a network on a data set.
        patches: side in pixels, by folder, of the patch that is cut out of each of its images; empty for whole images.
    """

    image_size: Mapping[bool, int]
    rgb: bool
    recipe: Callable[[NetworkSystem, DataSet], dict[str, Any]]
    widths: Mapping[str, int] = field(default_factory=dict)
    patches: Mapping[str, int] = field(default_factory=dict)

    def channels(self, dataset: DataSet) -> int:
        """1 for grey, 3 for RGB."""
        return 3 if self.rgb and dataset.rgb else 1

    def training(self, system: NetworkSystem, dataset: DataSet, seed: int) -> TrainConfig:
        """The training of a network on a data set."""
        width = {"width": self.widths[system.family]} if system.family in self.widths else {}
        shape = {"image_size": self.image_size[dataset.masks], "in_channels": self.channels(dataset)}
        overrides = {**system.fields, **width, **shape}
        return TrainConfig(
            system.network, overrides=overrides, seed=seed, choose="score", **self.recipe(system, dataset)
        )


def _paper(system: NetworkSystem, dataset: DataSet) -> dict[str, Any]:
    """Section 4.2; what it leaves open is ours.

    Open: epochs and batch on NEU and of binary classifiers, taken as on Magnetic Tile; the rate of ShuffleNet V2, as of
    the transferred networks; the weights of the Tversky loss, 0.3 and 0.7 as in [44]. The training set of Magnetic Tile
    made 8 times larger by turns and flips for 200 epochs is one of random turns and flips for 1,600.
    """
    views = Augmentation(flips=True, shift=0, contrast=0.0, brightness=0.0)
    common = {"augmentation": views, "alpha": 0.3, "beta": 0.7}
    epochs = 1600 if dataset.folder == TILE and not dataset.masks else 200
    if system.family == "u_binet":
        return common | {"epochs1": epochs, "epochs2": epochs, "lr1": 1e-5, "lr2": 1e-5, "batch": 8}
    if system.family == "unet":
        return common | {"epochs1": 0, "epochs2": epochs, "lr2": 1e-4, "batch": 32}
    if system.family == "binary":
        return common | {"epochs1": epochs, "epochs2": epochs, "lr1": 1e-4, "lr2": 5e-4, "batch": 32}
    imagenet = system.network in ("mobilenet_v2", "resnet18", "resnet34")
    real = common | {"epochs1": 0, "epochs2": epochs, "batch": 32, "imagenet": imagenet}
    if dataset.folder == TILE:
        return real | {"lr2": 1e-5, "loss": "tversky", "schedule": "one_cycle"}
    return real | {"lr2": 1e-5 if system.network.endswith("_real") else 1e-3}


def _quarter(system: NetworkSystem, dataset: DataSet) -> dict[str, Any]:
    """The paper's, with a quarter of its epochs."""
    fields = _paper(system, dataset)
    return fields | {name: fields[name] // 4 for name in ("epochs1", "epochs2")}


def _short(system: NetworkSystem, dataset: DataSet) -> dict[str, Any]:
    """As many epochs for every row of a table, all from random weights; binary networks spend a third on step 1."""
    if dataset.folder == TILE:
        epochs, batch = (90, 4) if dataset.masks else (40, 16)
    else:
        epochs, batch = (30, 8) if dataset.masks else (16, 32)
    first = epochs // 3 if system.binary else 0
    return {"epochs1": first, "epochs2": epochs - first, "lr1": 2e-3, "lr2": 2e-3, "batch": batch}


PRESETS: Mapping[str, Preset] = {
    "small": Preset(
        {False: 64, True: 64}, rgb=False, recipe=_short, widths={"unet": 16, "u_binet": 8}, patches={TILE: 96}
    ),
    "headline": Preset({False: 96, True: 96}, rgb=False, recipe=_paper, patches={TILE: 96}),
    "quarter": Preset({False: 96, True: 96}, rgb=False, recipe=_quarter, patches={TILE: 96}),
    "full": Preset({False: 224, True: 224}, rgb=True, recipe=_paper),
}
