"""Every system of the paper's tables: the networks, in each form that they have, and the classical methods."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

from brevitas_models.classical import (
    ContrastAdjustedThreshold,
    EntitySparsityPursuit,
    SmoothSparseDecomposition,
    TextureClassifier,
)
from brevitas_models.networks.variants import VARIANTS

Family = Literal["library", "real", "binary", "unet", "u_binet"]
"""Networks whose training the paper describes together (section 4.2)."""
FLOAT, HARDWARE, CLASSICAL = "float", "hardware arithmetic", "classical"


@dataclass(frozen=True)
class NetworkSystem:
    """A network of the zoo.

    Attributes:
        label: what tables call it.
        network: name in the zoo.
        family: how it is trained.
        path: "float", or "hardware arithmetic" where every tensor between layers is an integer.
        fields: of its configuration that differ from the zoo's.
    """

    label: str
    network: str
    family: Family
    path: str = FLOAT
    fields: Mapping[str, Any] = field(default_factory=dict)

    @property
    def binary(self) -> bool:
        """Whether it is trained in the two steps of binary networks."""
        return self.family in ("binary", "u_binet")


@dataclass(frozen=True)
class ClassicalSystem:
    """A method that is no network.

    Attributes:
        label: what tables call it.
        make: an untrained one, with `fit` and `predict` on grey uint8 images.
    """

    label: str
    make: Callable[[], Any]
    path: str = CLASSICAL


System = NetworkSystem | ClassicalSystem

_FLOAT_EDGES = {"shortcut_bits": 32, "edge_weight_bits": 32, "head_weight_bits": 32, "head_act_bits": 32}
_FINAL = "X"
_HARDWARE_FORM = "_hardware"


def _bi_shufflenets() -> dict[str, System]:
    """Bi-ShuffleNet and its variants, with float shortcuts as in the paper and in hardware form."""
    made: dict[str, System] = {}
    for row in VARIANTS:
        final = row == _FINAL
        name = "bi_shufflenet" if final else f"bi_shufflenet_{row.lower()}"
        label = "Bi-ShuffleNet" if final else f"Bi-ShuffleNet, variant {row}"
        made[name] = NetworkSystem(label, name, "binary", fields=_FLOAT_EDGES)
        made[f"{name}{_HARDWARE_FORM}"] = NetworkSystem(label, name, "binary", HARDWARE)
    return made


def _u_binets() -> dict[str, System]:
    """U-BiNet at every bit width; the maps of 16 and 32 bits are float."""
    bits = (32, 16, 8, 4, 2, 1)
    made: dict[str, System] = {
        f"u_binet_w1a{k}": NetworkSystem(f"U-BiNet 1/{k}", f"u_binet_w1a{k}", "u_binet", HARDWARE if k <= 8 else FLOAT)
        for k in bits
    }
    silu = NetworkSystem("U-BiNet 1/32, SiLU", "u_binet_w1a32", "u_binet", fields={"activation": "silu"})
    return {**made, "u_binet_w1a32_silu": silu}


SYSTEMS: Mapping[str, System] = {
    "lbp_svm": ClassicalSystem("LBP + SVM", partial(TextureClassifier, "lbp")),
    "aeclbp_svm": ClassicalSystem("AECLBP + SVM", partial(TextureClassifier, "aeclbp")),
    "mobilenet_v2": NetworkSystem("MobileNet V2", "mobilenet_v2", "library"),
    "resnet18": NetworkSystem("Resnet18", "resnet18", "library"),
    "resnet34": NetworkSystem("Resnet34", "resnet34", "library"),
    "shufflenet_v2": NetworkSystem("ShuffleNet V2 0.5x", "shufflenet_v2_x0_5", "real"),
    "reactnet_a_real": NetworkSystem("ReActNet-A (real)", "reactnet_a_real", "real"),
    "birealnet18_real": NetworkSystem("BiRealNet-18 (real)", "birealnet18_real", "real"),
    "birealnet34_real": NetworkSystem("BiRealNet-34 (real)", "birealnet34_real", "real"),
    "reactnet_a": NetworkSystem("ReActNet-A (binary)", "reactnet_a", "binary"),
    "reactnet_a_hardware": NetworkSystem("ReActNet-A (binary)", "reactnet_a_hardware", "binary", HARDWARE),
    "birealnet18": NetworkSystem("BiRealNet-18 (binary)", "birealnet18", "binary"),
    "birealnet18_hardware": NetworkSystem("BiRealNet-18 (binary)", "birealnet18_hardware", "binary", HARDWARE),
    **_bi_shufflenets(),
    "cat": ClassicalSystem("CAT", ContrastAdjustedThreshold),
    "ssd": ClassicalSystem("SSD", SmoothSparseDecomposition),
    "esp": ClassicalSystem("ESP", EntitySparsityPursuit),
    "unet": NetworkSystem("U-Net 32/32", "unet", "unet"),
    **_u_binets(),
}
"""By the name that results carry."""


def hardware_form(system: str) -> str | None:
    """The system that is the same network with integers between layers, if it is another one."""
    form = f"{system}{_HARDWARE_FORM}"
    return form if form in SYSTEMS else None
