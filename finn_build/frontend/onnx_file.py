"""An ONNX file as it lies on disk, before anything that takes time to load."""

from __future__ import annotations

from pathlib import Path

import onnx
from google.protobuf.message import DecodeError

from finn_build.errors import UnsupportedModelError

_OPSETS = (9, 23)


def read_onnx(path: Path) -> onnx.ModelProto:
    """Read a file, with weights that lie beside it.

    Raises:
        UnsupportedModelError: it is no ONNX file, its graph is empty, or its opset is none that is known here.
    """
    if not path.is_file():
        raise UnsupportedModelError(f"{path}: no such file; give a QONNX file made by Brevitas' export_qonnx")
    try:
        proto = onnx.load(path)
    except DecodeError as error:
        raise UnsupportedModelError(f"{path}: not a readable ONNX file ({type(error).__name__})") from error
    except Exception as error:  # e.g. weights in a second file that is not there
        raise UnsupportedModelError(f"{path}: not a readable ONNX file: {first_line(error)}") from error
    if not proto.graph.node or not proto.graph.output:
        raise UnsupportedModelError(f"{path}: the graph is empty; export the network again")
    opset = opset_of(proto)
    if not _OPSETS[0] <= opset <= _OPSETS[1]:
        legal = f"{_OPSETS[0]} to {_OPSETS[1]} (opset_version of the export)"
        raise UnsupportedModelError(f"{path}: ONNX opset {opset or 'not named'}; legal: {legal}")
    return proto


def opset_of(proto: onnx.ModelProto) -> int:
    """Version of ONNX' own operators, 0 where none is named."""
    return next((o.version for o in proto.opset_import if o.domain in ("", "ai.onnx")), 0)


def first_line(error: Exception) -> str:
    """What an error of a library says, in a line."""
    return str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
