"""Windows and threshold of an inspection: what is asked for, over what the checkpoint keeps; needs no PyTorch."""

from __future__ import annotations

import argparse
from dataclasses import replace

from signflow_driver.inspection import Inspection, block_side, require_free

from brevitas_models.networks.description import Description
from finn_build.errors import ConfigError


def choose(asked: argparse.Namespace, network: Description) -> Inspection:
    """That of the checkpoint, or one window as large as the network's images and half of it from one to the next.

    Raises:
        ConfigError: there is no threshold, or an option is not legal.
        InputError: the network has classes and none is called "free", or the windows do not fit it.
    """
    if not network.masks:
        require_free(network.classes)
    kept = network.metrics.get("inspection")
    if kept is None and asked.calibrate is None and asked.threshold is None:
        raise ConfigError("the checkpoint holds no threshold; add --calibrate RATE, or --threshold NUMBER")
    if asked.calibrate is not None and not 0 <= asked.calibrate < 1:
        raise ConfigError(f"--calibrate {asked.calibrate}: a share of the images, from 0 to below 1")
    if asked.save and asked.calibrate is None:
        raise ConfigError("--save keeps the threshold that --calibrate chooses; add --calibrate")
    base = Inspection.of(kept) if kept else Inspection(network.image_size, network.image_size // 2)
    own = ("side", "stride", "join", "margin", "threshold")
    given = {name: vars(asked)[name] for name in own if vars(asked)[name] is not None}
    side = given.get("side", base.side)
    stride = given.setdefault("stride", base.stride if side == base.side else side // 2)
    if side < 1 or not 1 <= stride <= side:
        raise ConfigError(f"--side {side} --stride {stride}: the stride must be from 1 to the side")
    block_side(side, network.image_size)
    return replace(base, **given)
