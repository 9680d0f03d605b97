"""The paper's tables of results: which systems on which data sets, and the figures that it prints."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from brevitas_models.experiments.datasets import DEFECTS
from brevitas_models.experiments.jobs import Job
from brevitas_models.experiments.systems import hardware_form
from brevitas_models.networks.variants import NEU_ROWS, VARIANTS

Figures = Mapping[str, float]
"""By metric, as shares of 1 as our results are; `accuracy_sd` is the paper's standard deviation over splits."""


@dataclass(frozen=True)
class Row:
    """One line of a table.

    Attributes:
        system: name of the system.
        paper: by data set, what the paper reports.
        number: of the row, where the table numbers them.
    """

    system: str
    paper: Mapping[str, Figures]
    number: str = ""


@dataclass(frozen=True)
class Table:
    """One of the paper's tables.

    Attributes:
        title: its number and subject.
        datasets: what every row is run on.
        metrics: what it reports.
        rows: from top to bottom.
    """

    title: str
    datasets: tuple[str, ...]
    metrics: tuple[str, ...]
    rows: tuple[Row, ...]

    def systems(self) -> list[str]:
        """Those of the rows, then the hardware forms of those that have one."""
        named = [row.system for row in self.rows]
        return named + [form for form in map(hardware_form, named) if form is not None and form not in named]

    def jobs(self, protocol: str, preset: str, splits: Sequence[int]) -> Iterator[Job]:
        """Every run that it takes, split after split, so that all rows have as many."""
        for split in splits:
            for system in self.systems():
                for dataset in self.datasets:
                    yield Job(dataset, system, protocol, split, preset)


def _accuracies(dataset: str, figures: Mapping[str, tuple[float, float]]) -> tuple[Row, ...]:
    return tuple(
        Row(system, {dataset: {"accuracy": mean / 100, "accuracy_sd": sd / 100}})
        for system, (mean, sd) in figures.items()
    )


def _ablation(dataset: str, rows: Mapping[str, str], figures: Sequence[tuple[float, float]]) -> tuple[Row, ...]:
    return tuple(
        Row(
            "bi_shufflenet" if variant == "X" else f"bi_shufflenet_{variant.lower()}",
            {dataset: {"accuracy": mean / 100, "accuracy_sd": sd / 100}},
            number,
        )
        for (number, variant), (mean, sd) in zip(rows.items(), figures, strict=True)
    )


def _defects(figures: Mapping[str, tuple[float, ...]]) -> tuple[Row, ...]:
    """Precision and recall of blowhole, break, crack, fray and uneven, in turn."""
    return tuple(
        Row(
            system,
            {
                f"tile_{name}": {"precision": numbers[2 * i] / 100, "recall": numbers[2 * i + 1] / 100}
                for i, name in enumerate(DEFECTS)
            },
        )
        for system, numbers in figures.items()
    )


def _masks(metrics: Sequence[str], figures: Mapping[str, Sequence[float | None]]) -> tuple[Row, ...]:
    return tuple(
        Row(system, {"neu_patches": {m: n for m, n in zip(metrics, numbers, strict=True) if n is not None}})
        for system, numbers in figures.items()
    )


_MASK_METRICS = ("dice", "accuracy", "fpr", "fnr", "mae")
_TILES = tuple(f"tile_{name}" for name in DEFECTS)

TABLES: Mapping[str, Table] = {
    "table1": Table(
        "Table 1: classification on Magnetic Tile",
        ("magnetic_tile",),
        ("accuracy",),
        _accuracies(
            "magnetic_tile",
            {
                "mobilenet_v2": (85.10, 6.08),
                "resnet18": (80.41, 4.72),
                "reactnet_a_real": (82.45, 2.18),
                "birealnet18_real": (85.51, 2.18),
                "reactnet_a": (83.06, 2.78),
                "birealnet18": (84.49, 5.71),
                "bi_shufflenet": (91.30, 2.38),
            },
        ),
    ),
    "table2": Table(
        "Table 2: classification on NEU",
        ("neu",),
        ("accuracy",),
        _accuracies(
            "neu",
            {
                "lbp_svm": (97.93, 0.66),
                "aeclbp_svm": (98.93, 0.63),
                "mobilenet_v2": (96.72, 1.81),
                "resnet18": (99.69, 0.38),
                "resnet34": (99.69, 0.38),
                "shufflenet_v2": (98.75, 0.94),
                "reactnet_a_real": (95.63, 1.53),
                "birealnet18_real": (95.78, 1.45),
                "birealnet34_real": (97.81, 1.04),
                "reactnet_a": (99.26, 0.35),
                "birealnet18": (99.91, 0.13),
                "bi_shufflenet": (99.45, 0.30),
            },
        ),
    ),
    "table3": Table(
        "Table 3: segmentation of each defect of Magnetic Tile",
        _TILES,
        ("precision", "recall"),
        _defects(
            {
                "unet": (92.4, 83.8, 96.2, 79.9, 84.2, 74.3, 92.4, 95.6, 63.4, 88.8),
                "u_binet_w1a32": (92.6, 80.9, 95.5, 80.9, 90.1, 70.0, 96.7, 80.7, 78.4, 74.1),
                "u_binet_w1a16": (92.9, 81.5, 92.5, 81.2, 88.9, 71.3, 96.3, 91.3, 74.5, 86.5),
                "u_binet_w1a8": (91.1, 78.8, 93.2, 73.6, 84.4, 75.0, 93.1, 94.8, 76.4, 88.9),
                "u_binet_w1a4": (93.6, 79.3, 96.8, 83.0, 83.2, 70.3, 92.7, 92.7, 73.4, 89.6),
                "u_binet_w1a2": (84.2, 52.3, 90.3, 55.0, 85.8, 35.2, 89.1, 52.8, 68.0, 66.6),
            }
        ),
    ),
    "table4": Table(
        "Table 4: segmentation of NEU Patches",
        ("neu_patches",),
        _MASK_METRICS,
        _masks(
            _MASK_METRICS,
            {
                "cat": (None, None, 0.116, 0.030, 0.105),
                "ssd": (None, None, 0.041, 0.677, 0.200),
                "esp": (None, None, 0.088, 0.266, 0.143),
                "unet": (0.897, 0.953, 0.013, 0.160, 0.047),
                "u_binet_w1a32": (0.882, 0.945, 0.008, 0.118, 0.055),
                "u_binet_w1a16": (None,) * 5,
                "u_binet_w1a8": (0.880, 0.944, 0.012, 0.184, 0.056),
                "u_binet_w1a4": (0.875, 0.942, 0.012, 0.190, 0.058),
                "u_binet_w1a2": (0.879, 0.941, 0.013, 0.183, 0.060),
                "u_binet_w1a1": (None,) * 5,
            },
        ),
    ),
    "table5": Table(
        "Table 5: variants of Bi-ShuffleNet on Magnetic Tile",
        ("magnetic_tile",),
        ("accuracy",),
        _ablation(
            "magnetic_tile",
            {row: row for row in VARIANTS},
            (
                (45.51, 4.01),
                (47.96, 2.04),
                (61.23, 3.71),
                (68.98, 3.69),
                (72.04, 4.00),
                (74.29, 2.92),
                (75.10, 3.07),
                (84.29, 2.63),
                (88.26, 1.07),
                (91.30, 2.38),
                (90.87, 1.63),
            ),
        ),
    ),
    "table6": Table(
        "Table 6: variants of Bi-ShuffleNet on NEU",
        ("neu",),
        ("accuracy",),
        _ablation(
            "neu",
            NEU_ROWS,
            (
                (91.11, 1.07),
                (95.56, 0.70),
                (98.61, 0.50),
                (99.56, 0.22),
                (99.22, 0.27),
                (99.78, 0.21),
                (99.28, 0.67),
                (99.45, 0.30),
                (99.22, 0.37),
            ),
        ),
    ),
    "table7": Table(
        "Table 7: SiLU against RSiLU, maps in float",
        (*_TILES, "neu_patches"),
        _MASK_METRICS,
        _masks(
            _MASK_METRICS,
            {
                "u_binet_w1a32_silu": (0.874, 0.940, 0.008, 0.202, 0.060),
                "u_binet_w1a32": (0.882, 0.954, 0.008, 0.188, 0.055),
            },
        ),
    ),
}
"""By the name that the command takes. Table 7's figures for Magnetic Tile are of no stated defects, so none is here."""
