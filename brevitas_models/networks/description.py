"""What a checkpoint says of itself beside its weights, read without PyTorch: what does not suit it is told at once."""

from __future__ import annotations

import pickle
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile, is_zipfile

from brevitas_models.networks.configs.table import CONFIGS, UBiNetConfig
from finn_build.errors import DataError


@dataclass(frozen=True)
class Description:
    """Whether a network gives masks, its classes, the height of its images (0: it takes none), and metrics."""

    masks: bool
    classes: tuple[str, ...]
    image_size: int
    metrics: Mapping[str, Any]


class _Plain(pickle.Unpickler):
    """Plain values and mappings of them; nothing else is made, called or imported."""

    def find_class(self, module: str, name: str) -> Any:
        return OrderedDict if (module, name) == ("collections", "OrderedDict") else lambda *_: None

    def persistent_load(self, _: object) -> None:
        return None


def describe(path: Path) -> Description | None:
    """What a checkpoint says; None where that is not to be read so, of which its reader says more.

    Raises:
        DataError: there is no such file, or it is none.
    """
    if not path.is_file():
        raise DataError(f"{path}: {'is a folder' if path.is_dir() else 'no such checkpoint'}")
    if not is_zipfile(path):
        raise DataError(f"{path}: not a readable checkpoint (no zip file)")
    try:
        with ZipFile(path) as parts:
            (pickled,) = (name for name in parts.namelist() if name.endswith("/data.pkl"))
            found = _Plain(BytesIO(parts.read(pickled))).load()
        masks = isinstance(CONFIGS[found["model"]], UBiNetConfig)
        return Description(masks, tuple(found["classes"]), found["config"].get("image_size", 0), found["metrics"])
    except Exception:  # pickle has every kind
        return None
