"""Brevitas without PyTorch's compiler: what a build loads, in a process of its own."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_BUILD = """
import sys
from finn_build.build import main
asked = ["--board", "pynq-z2", "--model", "tfc_w1a1", "--stop", "integers", "--out", sys.argv[1]]
print(main(asked), {"brevitas", "torch._dynamo"} & {*sys.modules})
import torch
print(torch._dynamo.is_compiling(), torch._dynamo.__name__)  # whoever asks next gets it
"""
_COMPILED = """
import brevitas, brevitas.utils.torch_utils, torch
asked = brevitas.is_dynamo_compiling
from finn_build.frontend.load_brevitas import load_brevitas
load_brevitas()
print(asked is brevitas.is_dynamo_compiling is torch._dynamo.is_compiling)
"""


def _printed(script: str, *words: str) -> list[str]:
    done = subprocess.run([sys.executable, "-c", script, *words], capture_output=True, text=True, check=True, cwd=ROOT)
    return done.stdout.splitlines()


def test_a_build_loads_no_compiler_of_graphs(tmp_path: Path) -> None:
    assert _printed(_BUILD, str(tmp_path / "out"))[-2:] == ["0 {'brevitas'}", "False torch._dynamo"]


def test_a_brevitas_that_is_loaded_stays_as_it_is() -> None:
    assert _printed(_COMPILED) == ["True"]
