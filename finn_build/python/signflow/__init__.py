"""Accelerators for networks of 1-bit weights: `signflow.build(model, board=..., images=...)` gives a verified one."""

from finn_build.api import Build, build
from finn_build.errors import SignflowError

__all__ = ["Build", "SignflowError", "build"]
