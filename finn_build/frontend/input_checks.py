"""What can be said of the user's input at once, before anything that takes time to load or to make."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from signflow_driver.pictures import open_picture

from brevitas_models.data.images import load_folder
from brevitas_models.data.index import find_images
from brevitas_models.networks.configs.table import configure
from brevitas_models.networks.description import describe
from brevitas_models.networks.names import require_model, shipped
from finn_build.config import BuildConfig
from finn_build.errors import ConfigError, DataError

SYNTHETIC = "synthetic"


def check_input(options: argparse.Namespace, config: BuildConfig, out: Path) -> None:
    """Look at options, folders and files; what networks and images hold is checked as they are compiled.

    Raises:
        ConfigError: a seed below 0, a configuration that cannot be written, skips in memory with FINN's shell, or no
            earlier build for `--start`, or a model or a size of it that the zoo does not have.
        DataError: no such network file, no such folder of images, too few of them, or a file that is none.
        UnsupportedModelError: see `read_onnx`.
    """
    for given in (options.checkpoint, options.onnx):
        if given and not given.is_file():
            named = f"; --model {given} has these weights" if str(given) in shipped() else ""
            raise DataError(f"{given}: {'is a folder' if given.is_dir() else 'no such file'}{named}")
    if options.checkpoint:
        describe(options.checkpoint)
    if options.onnx:
        from finn_build.frontend.onnx_file import read_onnx  # here: others do without

        read_onnx(options.onnx)
    elif not options.checkpoint:
        require_model(config.model)
        if config.input_size:
            configure(config.model, image_size=config.input_size)
    if not 0 <= options.seed < 1 << 32:
        raise ConfigError(f"--seed {options.seed}; legal: 0 and above, below 2^32")
    if options.write_config and not _can_write(options.write_config):
        raise ConfigError(f"--write-config {options.write_config}: cannot be written; choose another file")
    if options.shell == "finn" and config.ddr_skips not in ("off", []):
        raise ConfigError(
            f"--shell finn: only our shell keeps skips in the board's memory (ddr_skips: {config.ddr_skips}); choose "
            "--ddr-skips off, or --shell signflow"
        )
    saved = out / "steps" / "lower.onnx"  # the first that a later start reads
    if options.start not in ("integers", "lower") and not saved.is_file():
        raise ConfigError(
            f"--start: {saved} is missing; run the build from an earlier step first, into the same folder"
        )
    if options.images != SYNTHETIC:
        require_frames(options.images, _count_images(Path(options.images)), config.frames)


def require_frames(source: str, found: int, wanted: int) -> None:
    """Raise DataError where there are fewer images than frames."""
    if found < wanted:
        raise DataError(f"{source}: {found} image(s), the build needs {wanted} frames (see --frames)")


def _count_images(folder: Path) -> int:
    rows = find_images(folder)
    if not rows:
        load_folder(folder, 1)  # says what is wrong
    for row in rows:
        with open_picture(row.path):
            pass  # its header was read
    return len(rows)


def _can_write(path: Path) -> bool:
    existing = next(p for p in (path, *path.absolute().parents) if p.exists())
    return os.access(existing, os.W_OK) and (existing.is_dir() != (existing == path))
