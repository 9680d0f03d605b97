"""Folds of a dimension over parallel lanes, checked in one place."""

from finn_build.errors import ConfigError


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
    legal = [d for d in range(1, size + 1) if size % d == 0]
    nearest = sorted(
        {max((d for d in legal if d <= lanes), default=1), min((d for d in legal if d >= lanes), default=size)}
    )
    raise ConfigError(
        f"{node}: {lanes_name}={lanes} does not divide {size_name}={size}; "
        f"nearest legal: {', '.join(map(str, nearest))}"
    )
