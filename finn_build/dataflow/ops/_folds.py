"""Folds of a dimension over parallel lanes, checked in one place."""

from functools import lru_cache

from finn_build.errors import ConfigError


def divisors(n: int) -> list[int]:
    """Every number of lanes that divides `n`, ascending."""
    return list(_divisors(n))


@lru_cache(maxsize=4096)
def _divisors(n: int) -> tuple[int, ...]:
    return tuple(d for d in range(1, n + 1) if n % d == 0)


def folds(node: str, lanes_name: str, lanes: int, size_name: str, size: int) -> int:
    """Number of beats that carry `size` elements, `lanes` at a time.

    Args:
        node: Name of the node, for the message.
        lanes_name: Attribute that holds the lanes, e.g. "SIMD".
        lanes: Elements per beat.
        size_name: Attribute that holds the size, e.g. "MW".
        size: Elements in all.

    Returns:
        size / lanes.

    Raises:
        ConfigError: The lanes do not divide the size.
    """
    if lanes >= 1 and size % lanes == 0:
        return size // lanes
    legal = divisors(size)
    nearest = sorted(
        {max((d for d in legal if d <= lanes), default=1), min((d for d in legal if d >= lanes), default=size)}
    )
    raise ConfigError(
        f"{node}: {lanes_name}={lanes} does not divide {size_name}={size}; "
        f"nearest legal: {', '.join(map(str, nearest))}"
    )


def pattern(node: str, name: str, entries: list[int], lanes: int) -> list[int]:
    """Entry of each beat, where a beat carries `lanes` channels that share it.

    Args:
        node: Name of the node, for the message.
        name: Attribute that holds the entries.
        entries: One per channel.
        lanes: Channels per beat.

    Raises:
        ConfigError: The channels of a beat have different entries.
    """
    legal = pattern_lanes(entries)
    if lanes not in legal:
        raise ConfigError(
            f"{node}: PE={lanes} puts channels with different {name} into one beat; legal: {', '.join(map(str, legal))}"
        )
    return entries[::lanes]


def period(entries: list[int]) -> list[int]:
    """The shortest pattern that, repeated, gives `entries`."""
    count = len(entries)
    return next(entries[:n] for n in range(1, count + 1) if count % n == 0 and entries[:n] * (count // n) == entries)


def pattern_lanes(entries: list[int]) -> list[int]:
    """Lanes that put only channels with equal entries into a beat."""
    count = len(entries)
    return [
        lanes
        for lanes in range(1, count + 1)
        if count % lanes == 0 and all(len(set(entries[i : i + lanes])) == 1 for i in range(0, count, lanes))
    ]
