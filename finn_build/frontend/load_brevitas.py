"""Brevitas without PyTorch's compiler, which it loads for two functions, and which takes as long to load as PyTorch.

It asks `torch._dynamo` whether a graph is being compiled, and keeps two helpers of its own out of compiled graphs. A
build compiles none: it runs modules as they are and traces them.
"""

import importlib
import sys
from types import SimpleNamespace
from typing import Any

_ASKERS = ("brevitas", "brevitas.compiler", "brevitas.utils.torch_utils", "brevitas.utils.quant_utils")


def load_brevitas() -> None:
    """Import Brevitas, once, in a process that compiles no graph; where either is loaded already, it stays as it is."""
    import torch  # here, as above: seconds

    if {"brevitas", "torch._dynamo"} & sys.modules.keys():
        return
    asked: Any = SimpleNamespace(is_compiling=torch.compiler.is_dynamo_compiling, disable=lambda function: function)
    torch._dynamo = asked
    try:
        for name in _ASKERS:
            importlib.import_module(name)
    finally:
        del torch._dynamo  # the next to ask gets PyTorch's own
