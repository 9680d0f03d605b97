"""Accelerators for networks of 1-bit weights: `signflow.build(model, board=..., images=...)` gives a verified one."""

from finn_build.api import Build, build

__all__ = ["Build", "build"]
