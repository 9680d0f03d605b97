"""What the paper prints about operations (tables 1, 2, 5 and 6), each row with the network that it describes.

Images are RGB in tables 1 and 5 (Magnetic Tile) and grey in tables 2 and 6 (NEU), 224 x 224 as section 4.3.1 says, but
for the rivals in table 2: their figures are those of 200 x 200, the size of NEU's photographs.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from brevitas_models.networks.variants import NEU_ROWS, VARIANTS

PAPER_SIZE = 224
NEU_SIZE = 200
DECIMALS = 2
"""Digits after the point of every figure."""


@dataclass(frozen=True)
class PaperRow:
    """A row of a table.

    Attributes:
        label: method, or number of the row.
        network: name in the zoo.
        image_size: height and width of the image that the figures are for, pixels.
        figures: by quantity (bops, flops, ops), in the units of the table.
    """

    label: str
    network: str
    image_size: int
    figures: Mapping[str, float]


@dataclass(frozen=True)
class PaperTable:
    """A table.

    Attributes:
        title: number and data set.
        in_channels: 1 for grey, 3 for RGB.
        exponents: quantity to power of ten that its figures are multiples of.
        rows: from top to bottom.
        doubts: what in the table contradicts the paper itself, a sentence each.
        ablation: whether each row is a step from the one before.
    """

    title: str
    in_channels: int
    exponents: Mapping[str, int]
    rows: tuple[PaperRow, ...]
    doubts: tuple[str, ...]
    ablation: bool


_Method = tuple[str, float | None, float, float]


def _methods(rows: Mapping[str, _Method], size: int) -> tuple[PaperRow, ...]:
    """Rows of table 1 or 2: method to network, BOPs (None for a dash), FLOPs, OPs; `size` is that of the rivals."""
    made = []
    for label, (network, bops, flops, ops) in rows.items():
        binary = {} if bops is None else {"bops": bops}
        size_of = PAPER_SIZE if network == "bi_shufflenet" else size
        made.append(PaperRow(label, network, size_of, {**binary, "flops": flops, "ops": ops}))
    return tuple(made)


def _ablation(variants: Mapping[str, str], ops: tuple[float, ...]) -> tuple[PaperRow, ...]:
    """Rows of table 5 or 6: number of the row to row of table 5, OPs."""
    pairs = zip(variants.items(), ops, strict=True)
    return tuple(
        PaperRow(row, f"bi_shufflenet_{variant.lower()}", PAPER_SIZE, {"ops": value}) for (row, variant), value in pairs
    )


_TABLE_1: dict[str, _Method] = {
    "MobileNet V2": ("mobilenet_v2", None, 3.20, 0.32),
    "Resnet18": ("resnet18", None, 18.19, 1.82),
    "ReActNet-A (real)": ("reactnet_a_real", None, 48.38, 4.84),
    "BiRealNet-18 (real)": ("birealnet18_real", None, 18.19, 1.82),
    "ReActNet-A (binary)": ("reactnet_a", 4.81, 0.27, 0.10),
    "BiRealNet-18 (binary)": ("birealnet18", 1.68, 1.45, 0.17),
    "Bi-ShuffleNet": ("bi_shufflenet", 0.22, 0.87, 0.09),
}
_TABLE_2: dict[str, _Method] = {
    "MobileNet V2": ("mobilenet_v2", None, 2.68, 0.27),
    "Resnet18": ("resnet18", None, 14.97, 1.50),
    "Resnet34": ("resnet34", None, 30.81, 3.08),
    "ShuffleNet V2": ("shufflenet_v2_x0_5", None, 0.33, 0.03),
    "ReActNet-A (real)": ("reactnet_a_real", None, 36.41, 3.64),
    "BiRealNet-18 (real)": ("birealnet18_real", None, 13.36, 1.34),
    "BiRealNet-34 (real)": ("birealnet34_real", None, 27.40, 2.74),
    "ReActNet-A (binary)": ("reactnet_a", 3.64, 0.16, 0.07),
    "BiRealNet-18 (binary)": ("birealnet18", 1.29, 0.53, 0.07),
    "Bi-ShuffleNet": ("bi_shufflenet", 0.22, 0.38, 0.04),
}
_RIVAL_UNITS = {"bops": 9, "flops": 8, "ops": 9}

TABLES = (
    PaperTable("Table 1, Magnetic Tile", 3, _RIVAL_UNITS, _methods(_TABLE_1, PAPER_SIZE), (), ablation=False),
    PaperTable(
        "Table 2, NEU",
        1,
        _RIVAL_UNITS,
        _methods(_TABLE_2, NEU_SIZE),
        (
            "the text gives 224 x 224 for all rows; those of the rivals fit 200 x 200 alone (Resnet18 at 224 x 224: "
            "FLOPs 17.42, not 14.97), that of Bi-ShuffleNet 224 x 224. They are not for one size of image.",
        ),
        ablation=False,
    ),
    PaperTable(
        "Table 5, Magnetic Tile",
        3,
        {"ops": 7},
        _ablation({row: row for row in VARIANTS}, (2.25, 2.25, 2.25, 2.40, 2.47, 2.47, 3.92, 8.88, 9.01, 8.99, 8.86)),
        (
            "XI: two 3x3 for the left 5x5 add 0.13 from VIII to IX, so the same from X to XI cannot take 0.13 away; in "
            "table 6 it adds 0.11.",
        ),
        ablation=True,
    ),
    PaperTable(
        "Table 6, NEU",
        1,
        {"ops": 7},
        _ablation(NEU_ROWS, (1.75, 1.75, 1.90, 1.93, 2.42, 5.41, 4.14, 4.12, 4.23)),
        (
            "VI: from V only the stem grows, 5x5 to 9x9 on one channel: 56 x 24 x 112^2 = 1.69e7, so VI is 4.11, not "
            "5.41; VII, VIII and IX, which have the same stem, agree with 4.11.",
        ),
        ablation=True,
    ),
)
