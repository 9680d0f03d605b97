"""What the RTL keeps in a width of its own: refused where that width does not hold it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from qonnx.core.datatype import BaseDataType

from finn_build.errors import UnsupportedModelError


@dataclass(frozen=True)
class Numbers:
    """Numbers of a parameter, int64 of any shape, and the type that the RTL reads them as."""

    what: str
    values: np.ndarray
    dtype: BaseDataType


def require_held(node: str, numbers: Iterable[Numbers]) -> None:
    """Every number is one of its type; written into that width all the same, it would be another one.

    Raises:
        UnsupportedModelError: naming the node, the first such number and the type.
    """
    for each in numbers:
        for value in map(int, np.unique(each.values)):
            if not each.dtype.allowed(value):
                raise UnsupportedModelError(
                    f"{node}: {each.what} of {value} are kept as {each.dtype.name}, which does not hold it; "
                    "the graph's types are wrong"
                )
