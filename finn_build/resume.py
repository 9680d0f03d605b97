"""Going on with an interrupted build: what it was asked for lies beside its graphs, and has to be asked for again."""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from finn_build.config import Board, BuildConfig
from finn_build.errors import ConfigError
from finn_build.frontend.network import ImportedNetwork
from finn_build.output_folder import STEPS
from finn_build.pipeline import Step

_ASKED = "asked.json"
_LATER = ("frames",)  # what no graph depends on


def asked_for(
    options: argparse.Namespace, config: BuildConfig, board: Board, network: ImportedNetwork
) -> dict[str, Any]:
    """All that the graphs of a build follow from."""
    asked = vars(config) | {f"board {key}": value for key, value in vars(board).items()}
    graph = hashlib.sha256(network.qonnx.model.SerializeToString(deterministic=True)).hexdigest()
    asked |= {"impl": options.impl, "network": graph}
    for later in _LATER:
        del asked[later]
    return dict(json.loads(json.dumps(asked, default=dict)))


def _read(file: Path) -> dict[str, Any]:
    """What an interrupted build was asked for.

    Raises:
        ConfigError: the file is damaged.
    """
    try:
        return dict(json.loads(file.read_text()).items())
    except (OSError, ValueError, AttributeError, RecursionError) as error:
        raise ConfigError(f"--resume: {file}: damaged ({type(error).__name__}); leave --resume out") from error


def begin(folder: Path, steps: Sequence[Step], asked: dict[str, Any], resume: bool) -> str:
    """Note what a build is asked for; of one that resumes, the step behind the last whose graph is there.

    Returns:
        The step; empty where there is nothing to go on with.

    Raises:
        ConfigError: the interrupted build was asked for something else; the message names what.
    """
    file, step = folder / STEPS / _ASKED, ""
    if resume and file.is_file():
        before = _read(file)
        if differing := sorted(key for key in asked.keys() | before.keys() if asked.get(key) != before.get(key)):
            raise ConfigError(f"--resume: the interrupted build differs in {', '.join(differing)}; leave --resume out")
        saved = [i for i, s in enumerate(steps) if s.saves_streams and (file.parent / f"{s.name}.onnx").is_file()]
        step = steps[saved[-1] + 1].name if saved else ""
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(asked, indent=2) + "\n")
    return step
