"""Names and numbers that layers take, without the layers: a wrong one is told before PyTorch is loaded."""

from finn_build.errors import ConfigError, suggestion

SHORTCUT_BITS = (4, 5, 6, 7, 8, 32)
WEIGHT_BITS = (*range(1, 9), 32)
ACT_BITS = (*range(1, 9), 16, 32)
ACTIVATIONS = ("rprelu", "rsilu", "silu", "relu", "hardtanh")


def require_activation(name: str) -> None:
    """Raise ConfigError where no activation function has that name."""
    if name not in ACTIVATIONS:
        meant = suggestion(name, ACTIVATIONS)
        raise ConfigError(f"activation={name!r} is unknown{meant}; choose one of {', '.join(ACTIVATIONS)}")


def require_bits(name: str, bits: int, legal: tuple[int, ...]) -> None:
    """Raise ConfigError where no quantizer has that many bits."""
    if bits not in legal:
        raise ConfigError(f"{name}={bits} is not legal; choose one of {', '.join(map(str, legal))}")
