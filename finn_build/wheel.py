"""How the wheel differs from the tree: `sim/` goes into it as `finn_build._sim`, so that it takes no common name."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from setuptools.command.build_py import build_py

_INSIDE = "finn_build._sim"
_IMPORTS = (
    (re.compile(r"\bfrom sim(?=[. ])"), f"from {_INSIDE}"),
    (re.compile(r"^import sim$", re.MULTILINE), f"import {_INSIDE} as sim"),
)


class BuildPy(build_py):
    """Setuptools' command that gathers the files of a wheel. A tree that is installed in place stays as it is."""

    def run(self) -> None:
        """Gather them, then move the simulator and what imports it."""
        super().run()
        if self.editable_mode:
            return
        root = Path(self.build_lib)
        shutil.rmtree(root / "finn_build" / "_sim", ignore_errors=True)  # of an earlier run
        (root / "sim").rename(root / "finn_build" / "_sim")
        for path in root.rglob("*.py"):
            text = moved = path.read_text()
            for pattern, instead in _IMPORTS:
                moved = pattern.sub(instead, moved)
            if moved != text:
                path.write_text(moved)
