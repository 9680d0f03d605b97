"""Names of the zoo's networks, without the networks: a misspelt one is told before PyTorch is loaded."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path

from finn_build.errors import ConfigError, suggestion

DEFAULT_MODEL = "bi_shufflenet"
WEIGHTS = Path(__file__).parent.parent / "weights"
_NEAR = 6  # names that an unknown one is answered with
_ROWS = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi")  # of table 5
BINARY = (
    *("bi_shufflenet", "bi_shufflenet_head8", "bi_shufflenet_rgb", "bi_shufflenet_tile"),
    *(f"bi_shufflenet_{row}" for row in _ROWS),
    *(f"binary_rescnn_w1a{bits}" for bits in (1, 2, 4, 8)),
    *("birealnet18_hardware", "cnv_w1a1", "cnv_w1a2", "keyword_net_w1a4", "lfc_w1a1", "lfc_w1a2"),
    *("mobilenet_w1a4", "reactnet_a_hardware", "tfc_w1a1", "tfc_w1a2"),
    *("u_binet_pynq_ddr_w1a4", *(f"u_binet_pynq_w1a{bits}" for bits in (2, 4, 8))),
    *("u_binet_small_w1a2", "u_binet_small_w1a4", "u_binet_small_w1a4_tile"),
    *(f"u_binet_w1a{bits}" for bits in (1, 2, 4, 8)),
)
"""Integers from end to end: what an accelerator is built for."""
FLOAT = (
    *("birealnet18", "birealnet18_real", "birealnet34", "birealnet34_real", "mobilenet_v2"),
    *("reactnet_a", "reactnet_a_real", "resnet18", "resnet34", "shufflenet_v2_x0_5"),
    *("u_binet_w1a16", "u_binet_w1a32", "unet"),
)
"""Floats between layers: to train and compare with."""


LARGEST = {
    **{f"u_binet_w1a{bits}": 7_756_096 for bits in (1, 2, 4, 8)},
    "birealnet18_hardware": 11_163_712,
    "reactnet_a_hardware": 28_259_616,
}
"""Weights of those that not every board holds; a bit each, at least."""


def require_model(name: str) -> None:
    """Raise ConfigError, with the names that are nearest, where the zoo has no network of that name."""
    names = (*BINARY, *FLOAT)
    if name not in names:
        near = get_close_matches(name, names, n=_NEAR) or [n for n in BINARY if n in shipped()]
        listed = f"{', '.join(near)}; all {len(names)}: signflow build --list-models"
        raise ConfigError(f"model {name!r} is unknown{suggestion(name, names)}; legal: {listed}")


def shipped() -> list[str]:
    """Names with trained weights in the package."""
    return sorted(path.stem for path in WEIGHTS.glob("*.pt"))


def kinds(room: int | None = None) -> list[str]:
    """All names by what they come with, a line for each kind.

    Args:
        room: bits that a board's chip has for weights; those that need more stand apart.
    """
    trained, large = shipped(), [n for n, bits in LARGEST.items() if room is not None and bits > room]
    names = {
        "trained weights": [n for n in BINARY if n in trained and n not in large],
        "random weights": [n for n in BINARY if n not in trained and n not in large],
        "float, no accelerator": list(FLOAT),
        "weights beyond its block RAM": large,
    }
    return [f"{kind}: {', '.join(of)}" for kind, of in names.items() if of]
