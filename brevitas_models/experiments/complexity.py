"""Operations of a network: BOPs, FLOPs and OPs = BOPs / 64 + FLOPs, counted by a walk over its modules.

One image runs through the network, and each module adds what it did:

- A multiply-accumulate is one operation. A convolution or dense layer with 1-bit weights whose input comes from a 1-bit
  quantizer (RSign) adds BOPs, any other adds FLOPs: also one with 1-bit weights on wider integers, and fixed point.
- Batch norm is 2 FLOPs per element of its output, an activation function 1.
- RSign, quantizers, adds, pools, shuffles and biases are free.

Without --model, the paper's tables 1, 2, 5 and 6 are printed beside what these rules give for the networks of the zoo.
"""

import argparse
import sys
from functools import cache
from itertools import pairwise

from rich.console import Console
from rich.progress import track
from rich.table import Table

from brevitas_models.experiments.operations import Account, by_unit, count_network, total
from brevitas_models.experiments.paper_tables import DECIMALS, TABLES, PaperRow, PaperTable
from brevitas_models.networks.configs.table import parse_overrides
from brevitas_models.networks.network import Network
from brevitas_models.networks.zoo import build_model
from finn_build.errors import ConfigError
from finn_build.terminal import tells_errors

_NAMES = {"bops": "BOPs", "flops": "FLOPs", "ops": "OPs"}

EXAMPLES = """\
examples:
  signflow complexity                                              the paper's tables, and ours
  signflow complexity --model bi_shufflenet                        one network, unit by unit
  signflow complexity --model bi_shufflenet --set in_channels=3    the same on RGB images
  signflow complexity --model resnet18 --set image_size=200
"""


@tells_errors
def main(arguments: list[str] | None = None) -> int:
    """The command; returns its exit code."""
    options = _parser().parse_args(arguments)
    out = Console(width=None if sys.stdout.isatty() else 120)
    if options.model is not None:
        out.print(_network_table(build_model(options.model, **parse_overrides(options.set))))
    elif options.set:
        raise ConfigError("--set changes a field of a network: name one with --model")
    else:
        _print_paper(out)
    return 0


def ours(table: PaperTable, row: PaperRow) -> dict[str, float]:
    """What the rules give for a row of the paper, by quantity, in the units of its table."""
    account = _of_network(row.network, table.in_channels, row.image_size)
    return {quantity: getattr(account, quantity) / 10**power for quantity, power in table.exponents.items()}


@cache
def _of_network(name: str, in_channels: int, image_size: int) -> Account:
    return total(count_network(build_model(name, in_channels=in_channels, image_size=image_size)))


def _network_table(model: Network) -> Table:
    """Operations of each unit that has any, and of all."""
    accounts = count_network(model)
    whole = total(accounts)
    _, channels, *sizes = model.input_shape
    size = " x ".join(map(str, (*sizes, channels)))
    table = Table("unit", title=f"{model.name}, one image of {size}", title_justify="left")
    for heading in ("BOPs", "FLOPs", "OPs", "of all OPs"):
        table.add_column(heading, justify="right")
    for name, account in {**by_unit(model, accounts), "total": whole}.items():
        figures = [f"{number:,.0f}" for number in (account.bops, account.flops, account.ops)]
        table.add_row(name, *figures, f"{account.ops / whole.ops:.1%}")
    return table


def _print_paper(out: Console) -> None:
    rows = [(table, row) for table in TABLES for row in table.rows]
    for table, row in track(rows, "counting", console=Console(stderr=True), disable=not sys.stderr.isatty()):
        ours(table, row)  # slow the first time
    for table in TABLES:
        out.print(_ablation_table(table) if table.ablation else _methods_table(table))
        for doubt in table.doubts:
            out.print(f"The paper against itself: {doubt}", highlight=False)
        out.print()
    out.print(f"= says that ours, rounded to the paper's {DECIMALS} decimals, is the paper's figure.", highlight=False)


def _methods_table(table: PaperTable) -> Table:
    """Table 1 or 2: paper, ours and deviation of each quantity."""
    printed = Table("method", "image", title=table.title, title_justify="left")
    for quantity, power in table.exponents.items():
        for heading in (f"{_NAMES[quantity]}\n(10^{power})", "ours", "dev."):
            printed.add_column(heading, justify="right")
    for row in table.rows:
        cells: list[str] = []
        for quantity, value in ours(table, row).items():
            cells += _compared(row.figures.get(quantity), value)
        printed.add_row(row.label, f"{row.image_size}x{row.image_size}x{table.in_channels}", *cells)
    return printed


def _ablation_table(table: PaperTable) -> Table:
    """Table 5 or 6: OPs, and what each row adds to the one before."""
    printed = Table("row", "network", title=table.title, title_justify="left")
    for heading in (f"OPs\n(10^{table.exponents['ops']})", "ours", "dev.", "paper's\nstep", "our\nstep"):
        printed.add_column(heading, justify="right")
    printed.add_column("")
    steps = ((None, None), *pairwise((row.figures["ops"], ours(table, row)["ops"]) for row in table.rows))
    for row, (before, after) in zip(table.rows, steps, strict=True):
        cells = _compared(row.figures["ops"], ours(table, row)["ops"])
        if before is not None and after is not None:
            theirs, mine = (round(b - a, DECIMALS) for a, b in zip(before, after, strict=True))
            cells += [f"{theirs:+.2f}", f"{mine:+.2f}", "the sign differs" if theirs * mine < 0 else ""]
        printed.add_row(row.label, row.network, *cells)
    return printed


def _compared(paper: float | None, value: float) -> list[str]:
    """Cells for the paper's figure, ours and the deviation."""
    if paper is None:
        return ["-", f"{value:.3f}" if value else "-", ""]
    deviation = "=" if round(value, DECIMALS) == paper else f"{value / paper - 1:+.1%}"
    return [f"{paper:.2f}", f"{value:.3f}", deviation]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="signflow complexity",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--model", help="print the operations of this network, unit by unit: one of signflow build --list-models"
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="change a field of that network, such as image_size (pixels); repeatable",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
