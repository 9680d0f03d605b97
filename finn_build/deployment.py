"""What the driver has to know of a build: writes `accelerator.json` and `accelerator.npz`."""

from __future__ import annotations

from pathlib import Path

from finn_build.pipeline import Build


def write_description(build: Build, build_hash: str, path: Path) -> None:
    """Write the driver's description of a stitched build.

    Args:
        build: with `integers`, `streams` and `design`.
        build_hash: of the shell that `write_shell` returned.
        path: `accelerator.json`; the arrays go beside it as `accelerator.npz`.

    Raises:
        UnsupportedModelError: the host's part of the network has an operation that the driver lacks.
    """
    raise NotImplementedError  # filled in by the commits that follow
