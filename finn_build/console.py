"""The console command `signflow`: one name for all that the project does. Each word is a command of its own as well."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version

import sim
from finn_build.errors import ConfigError, suggestion, visible
from finn_build.quick import check
from finn_build.terminal import say_loading, tells_errors, warned_in_a_line

COMMANDS = {
    "build": ("finn_build.build", "an accelerator from a network: simulated, verified, ready for the board"),
    "train": ("brevitas_models.training.command", "a network on your images"),
    "evaluate": (
        "brevitas_models.experiments.evaluate",
        "a trained network on your images: accuracy, confusions, masks",
    ),
    "inspect": (
        "brevitas_models.inspection.command",
        "whole images of any size by sliding windows: scores, masks, threshold",
    ),
    "shrink": ("brevitas_models.shrink", "write images smaller, by means of blocks, as large windows see them"),
    "patches": ("brevitas_models.patches", "cut patches that show the defects out of large images"),
    "synthetic": ("brevitas_models.synthetic", "generate images of surface defects with masks"),
    "complexity": ("brevitas_models.experiments.complexity", "operations and parameters, beside the paper's"),
    "experiments": ("brevitas_models.experiments.command", "the paper's tables"),
    "notebook": (f"{sim.__name__}.notebook", "a build's notebook on the simulated board"),
    "completion": ("finn_build.completion", 'of words in bash and zsh: eval "$(signflow completion)"'),
    "sweep": ("finn_build.sweep.__main__", "rate against area over networks, boards and targets: a table, a plot"),
    "doctor": ("finn_build.doctor", "versions, tools and folders, for a bug report"),
}
EXTRAS = {"lightning_fabric": "train", "distributed": "experiments", "skimage": "experiments"}
_WIDTH = max(map(len, COMMANDS))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that the first word names; returns its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words[:1] == ["--version"]:
        print(f"signflow {version('signflow')}")
        return 0
    if not words or words[0] in ("-h", "--help"):
        print(_usage())
        return 0
    if words[0] not in COMMANDS:
        why = f"no such command{suggestion(words[0], COMMANDS)}; legal: {', '.join(COMMANDS)}"
        print(f"error: signflow {visible(words[0])}: {why}", file=sys.stderr)
        return 2
    return _run(words[0], words[1:])


@tells_errors
def _run(name: str, words: Sequence[str]) -> int:
    if check(name, words):
        say_loading("PyTorch")
    try:
        with warned_in_a_line():
            return int(import_module(COMMANDS[name][0]).main(words))
    except ModuleNotFoundError as error:
        extra = EXTRAS.get((error.name or "").partition(".")[0])
        if extra is None:
            raise
        raise ConfigError(f"{name} needs {error.name}: pip install 'signflow[{extra}]'") from error


def _usage() -> str:
    listed = "\n".join(f"  {name:<{_WIDTH}}  {text}" for name, (_, text) in COMMANDS.items())
    return (
        "usage: signflow COMMAND ...\n\n"
        "Accelerators for networks of 1-bit weights, proven equal to PyTorch in simulation.\n\n"
        f"{listed}\n\n`signflow COMMAND --help` says more. To begin: signflow build --board pynq-z2"
    )


if __name__ == "__main__":
    sys.exit(main())
