"""Fields of a network's configuration, against the types that its dataclass states."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args, get_origin, get_type_hints

from finn_build.errors import ConfigError

_LARGEST = 1 << 16  # of a size or a number of layers, channels or bits: more is no network, and no machine holds it


def require_fields(name: str, config: object, values: Mapping[str, Any]) -> None:
    """Raise ConfigError where a value is of another type than its field, or a size that no network has.

    Args:
        name: of the network.
        config: a dataclass.
        values: of fields that it has.
    """
    hints = get_type_hints(type(config))
    for key, value in values.items():
        if not _fits(value, hints[key]):
            legal = getattr(hints[key], "__name__", str(hints[key])) if not get_args(hints[key]) else str(hints[key])
            raise ConfigError(f"{name}: {key}={value!r}; legal: {legal}, numbers up to {_LARGEST:,}")


def _fits(value: Any, hint: Any) -> bool:
    parts = get_args(hint)
    if get_origin(hint) is tuple:
        return isinstance(value, tuple) and len(value) <= _LARGEST and all(_fits(v, parts[0]) for v in value)
    if parts:  # one or the other
        return any(_fits(value, part) for part in parts)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _LARGEST
    return isinstance(value, hint)
