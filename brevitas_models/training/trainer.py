"""Two-step training of binary networks, as in section 4.2 of the Bi-ShuffleNet / U-BiNet paper.

Step 1 trains real-valued weights with activations already quantized, so that RSign, RPReLU or RSiLU find
their shape. Step 2 starts from its result, makes the weights binary and trains on. Both minimise the loss of the
task (cross-entropy of classes, Tversky loss of masks) with Adam, with a cosine rate after five epochs of warm-up.
Real-valued networks train in one step (`epochs1=0`), some of the paper's with Tversky loss of classes and one cycle of
the rate.
"""

import math
import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, cast

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from brevitas_models.data.atomic import write_atomically
from brevitas_models.data.images import ImageSet, to_float
from brevitas_models.layers.fused import memory_format
from brevitas_models.layers.quantizers import calibrate_scales
from brevitas_models.networks.configs.rivals import LIBRARY
from brevitas_models.networks.network import Network
from brevitas_models.networks.rivals import LibraryNetwork
from brevitas_models.networks.zoo import build_model, read_checkpoint_file, save_checkpoint
from brevitas_models.training.measure import reestimate_batch_norm
from brevitas_models.training.schedules import SCHEDULES
from brevitas_models.training.tasks import Classification, Objective, Segmentation, class_weights
from brevitas_models.training.train_config import TrainConfig
from finn_build.errors import ConfigError, DataError

NORM_BATCHES = 8
WEIGHTED = (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)
Report = Callable[[int, float, dict[str, float]], None]
"""Called after each epoch with step (1 or 2), epoch (from 1) and its numbers; after each batch with the epochs that are
done, e.g. 0.25, and no numbers."""


@dataclass
class _State:
    """What `last.pt` holds: where the training stands, exactly."""

    step: int
    epoch: int
    model: Network
    optimizer: torch.optim.Optimizer
    best: dict[str, Any]
    history: list[dict[str, float]]
    average: AveragedModel | None = None


class Trainer:
    """Runs the two steps on one data set, writing `last.pt` each epoch, `best.pt` when validation improves.

    Attributes:
        earlier_seconds: what runs that this one resumes took before; 0 for one that resumes nothing.

    Raises:
        ConfigError: a value of the configuration is not legal.
        DataError: the data lacks a split or a class.
    """

    def __init__(self, config: TrainConfig, data: ImageSet, out: Path, fabric: Fabric) -> None:
        config.check()
        self.config, self.out, self.fabric = config, out, fabric
        self.task = objective(config)
        self.classes = data.classes
        self.fields = {**config.overrides, **self.task.fields(data)}
        self._began, self.earlier_seconds = time.monotonic(), 0.0
        self.train_images, self.train_targets = self._tensors(data.split("train"))
        self.val_images, self.val_targets = self._tensors(data.split("val"))
        if config.balance and isinstance(self.task, Classification):
            weights = class_weights(self.train_targets, len(data.classes), config.balance)
            self.task = replace(self.task, weights=weights)

    def run(self, resume: bool, report: Report) -> Path:
        """Train to the end; returns the path of the best checkpoint.

        Args:
            resume: go on from `last.pt` where there is one, with the same result as an unbroken run.
            report: called after every batch and every epoch.
        """
        last = self.out / "last.pt"
        state = self._resume(last) if resume and last.exists() else self._first_step()
        while True:
            self._run_step(state, last, report)
            if state.step == 2:
                self.fabric.barrier()
                return self.out / "best.pt"
            state = self._second_step(state)

    def _run_step(self, state: _State, last: Path, report: Report) -> None:
        """The remaining epochs of one step."""
        model, optimizer = self.fabric.setup(state.model, state.optimizer, move_to_device=False)
        while state.epoch < self._epochs(state.step):
            loss = self._epoch(model, optimizer, state, report)
            val = self._validate(state)
            state.epoch += 1
            numbers = {"loss": loss, **{f"val_{name}": number for name, number in val.items()}}
            state.history.append({"step": state.step, "epoch": state.epoch, **numbers})
            self._save(last, state)
            report(state.step, state.epoch, numbers)

    def _tensors(self, data: ImageSet) -> tuple[Tensor, Tensor]:
        images = torch.from_numpy(to_float(data.images)).to(self.fabric.device)
        return images, self.task.targets(data).to(self.fabric.device)

    def _epochs(self, step: int) -> int:
        return self.config.epochs1 if step == 1 else self.config.epochs2

    def _build(self, step: int) -> Network:
        torch.manual_seed(self.config.seed)
        fields = self.fields | ({"weight_bits": 32} if step == 1 else {})
        model = build_model(self.config.model, **fields).to(self.fabric.device)
        model.to(memory_format=memory_format())  # type: ignore[call-overload]  # in place; the stubs lack it alone
        model.classes = self.classes
        return model

    def _first_step(self) -> _State:
        model = self._build(1)
        if self.config.imagenet:
            _library(model).load_imagenet()
        elif self.config.init:
            model.load_state_dict(_weights(self.config.init, model))
        else:
            calibrate_scales(model, self.train_images[: 2 * self.config.batch])
        return _State(1, 0, model, self._optimizer(model, 1), {}, [])

    def _average(self, model: Network, step: int) -> AveragedModel | None:
        """The moving average of step 2, where one is wanted."""
        if step == 1 or not self.config.average:
            return None
        return AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(self.config.average))

    def _second_step(self, first: _State) -> _State:
        """Binary weights, initialised by the real-valued ones."""
        model = self._build(2)
        model.load_state_dict(first.model.state_dict())
        return _State(2, 0, model, self._optimizer(model, 2), {}, first.history, self._average(model, 2))

    def _optimizer(self, model: nn.Module, step: int) -> torch.optim.Optimizer:
        weights: list[Tensor] = [m.weight for m in model.modules() if isinstance(m, WEIGHTED)]
        rest = [p for p in model.parameters() if all(p is not w for w in weights)]
        decay = self.config.weight_decay if step == 1 else 0.0
        groups: list[dict[str, Any]] = [{"params": weights, "weight_decay": decay}, {"params": rest}]
        return torch.optim.Adam(groups, lr=1.0, fused=True)  # others take roots by MKL, which rounds by processor

    def _epoch(self, model: nn.Module, optimizer: torch.optim.Optimizer, state: _State, report: Report) -> float:
        """One pass over the training images; returns the mean loss."""
        model.train()
        step, epoch = state.step, state.epoch
        torch.manual_seed(self._seed(step, epoch))  # of dropout
        total = 0.0
        batches = math.ceil(len(self.train_images) / self.config.batch)
        for index, (images, targets) in enumerate(self._batches(step, epoch, batches)):
            for group in optimizer.param_groups:
                group["lr"] = self._rate(step, epoch + index / batches)
            loss = self.task.loss(model(images), targets)
            optimizer.zero_grad()
            self.fabric.backward(loss)
            optimizer.step()
            if state.average is not None:
                state.average.update_parameters(state.model)
            total += loss.item()
            report(step, epoch + (index + 1) / batches, {})
        return total / batches

    def _batches(self, step: int, epoch: int, count: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Augmented batches of this process; the order depends on seed, step and epoch alone."""
        generator = torch.Generator().manual_seed(self._seed(step, epoch))
        order = torch.randperm(len(self.train_images), generator=generator)
        for chosen in order.tensor_split(count):
            mine = chosen[self.fabric.global_rank :: self.fabric.world_size].to(self.fabric.device)
            images, targets = self.train_images[mine], self.train_targets[mine]
            yield self.task.view(self.config.augmentation, images, targets, generator)

    def _seed(self, step: int, epoch: int) -> int:
        return hash((self.config.seed, step, epoch)) % 2**63

    def _rate(self, step: int, epoch: float) -> float:
        """The learning rate at a time within a step."""
        peak = self.config.lr1 if step == 1 else self.config.lr2
        return peak * SCHEDULES[self.config.schedule](epoch, self._epochs(step))

    def _validate(self, state: _State) -> dict[str, float]:
        """Loss and more on validation; in step 2 with fresh batch norm statistics, and best.pt follows.

        By default better means lower loss: on a few hundred images it tells networks apart where accuracy ties. By
        score, the loss decides among ties.
        """
        if state.step == 1:
            return self.task.measure(state.model, self.val_images, self.val_targets)
        model = deepcopy(state.model if state.average is None else cast(Network, state.average.module))
        views = self._batches(state.step, -1 - state.epoch, math.ceil(len(self.train_images) / self.config.batch))
        reestimate_batch_norm(model, (images for images, _ in islice(views, NORM_BATCHES)))
        val = self.task.measure(model, self.val_images, self.val_targets)
        if not state.best or self._rank(val) < self._rank(state.best):
            state.best = val
            if self.fabric.is_global_zero:
                save_checkpoint(self.out / "best.pt", model, {"val": val, "epoch": state.epoch + 1})
        return val

    def _rank(self, val: dict[str, float]) -> tuple[float, ...]:
        return (val["loss"],) if self.config.choose == "loss" else (-val[self.task.score], val["loss"])

    def _save(self, path: Path, state: _State) -> None:
        if not self.fabric.is_global_zero:
            return
        content = {
            "config": asdict(self.config),
            "step": state.step,
            "epoch": state.epoch,
            "model": state.model.state_dict(),
            "optimizer": state.optimizer.state_dict(),
            "best": state.best,
            "history": state.history,
            "seconds": self.earlier_seconds + time.monotonic() - self._began,
            "average": None if state.average is None else state.average.state_dict(),
        }
        write_atomically(path, lambda temporary: torch.save(content, temporary))

    def _resume(self, path: Path) -> _State:
        keys = ("config", "step", "epoch", "model", "optimizer", "best", "history", "seconds")
        content = read_checkpoint_file(path, keys)
        try:
            return self._state(path, content)
        except (AttributeError, KeyError, RuntimeError, TypeError, ValueError) as error:
            why = f"{type(error).__name__}: {error}".splitlines()[0]
            raise DataError(f"{path}: the training cannot go on from here ({why}); leave out --resume") from error

    def _state(self, path: Path, content: dict[str, Any]) -> _State:
        mine = asdict(self.config)
        changed = [key for key in mine if content["config"].get(key) != mine[key]]
        if changed:
            raise ConfigError(f"{path}: --resume with another {changed[0]}: it was {content['config'].get(changed[0])}")
        model = self._build(content["step"])
        model.load_state_dict(content["model"])
        optimizer = self._optimizer(model, content["step"])
        optimizer.load_state_dict(content["optimizer"])
        self.earlier_seconds = content["seconds"]
        average = self._average(model, content["step"])
        if average is not None:
            average.load_state_dict(content["average"])
        where = (content["step"], content["epoch"])
        return _State(*where, model, optimizer, content["best"], content["history"], average)


def objective(config: TrainConfig) -> Objective:
    """What the network of `config` is trained for.

    Raises:
        ConfigError: a value of the configuration is not legal.
    """
    if build_model(config.model, **config.overrides).task == "mask":
        return Segmentation(config.alpha, config.beta, config.pixels, config.apart)
    tversky = (config.alpha, config.beta) if config.loss == "tversky" else None
    return Classification(config.label_smoothing, tversky)


def _library(model: Network) -> LibraryNetwork:
    """A network with ImageNet weights.

    Raises:
        ConfigError: there are none for it.
    """
    if not isinstance(model, LibraryNetwork):
        raise ConfigError(f"training: no ImageNet weights for {model.name}; there are for {', '.join(LIBRARY)}")
    return model


def _weights(path: str, model: Network) -> dict[str, Tensor]:
    """Weights of a checkpoint that fit `model`; signs (of a packed one) have the magnitudes that `model` starts with.

    Raises:
        DataError: the file is no checkpoint, or its weights have other names or shapes.
    """
    found: dict[str, Tensor] = read_checkpoint_file(path, ("state",))["state"]
    fresh = model.state_dict()
    if {name: value.shape for name, value in found.items()} != {name: value.shape for name, value in fresh.items()}:
        raise DataError(f"{path}: its weights do not fit {model.name}; start from a checkpoint of the same network")
    return {name: value * fresh[name].abs() if value.dtype == torch.int8 else value for name, value in found.items()}
