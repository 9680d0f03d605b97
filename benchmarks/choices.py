"""What each choice of Bi-ShuffleNet's hardware form costs in accuracy: the same fine-tuning for every choice.

Every row starts from one trained checkpoint, changes one field of its configuration, trains binary weights for a few
epochs more and is measured in hardware arithmetic (float rows: in float) on splits that never divide a group.

    python benchmarks/choices.py --data FOLDER --init runs/mine/best.pt --out docs/choices.md
"""

import argparse
import json
import tempfile
from pathlib import Path

from brevitas_models.train import main as train

CHOICES: dict[str, dict[str, int]] = {
    "as shipped: r = 5, first and last layer 8-bit": {},
    "r = 4": {"shortcut_bits": 4},
    "r = 6": {"shortcut_bits": 6},
    "r = 8": {"shortcut_bits": 8},
    "float shortcuts": {"shortcut_bits": 32},
    "last convolution 8-bit weights": {"head_weight_bits": 8},
    "first layer and classifier 1-bit weights": {"edge_weight_bits": 1},
}


def measure(options: argparse.Namespace, fields: dict[str, int], out: Path) -> dict[str, float]:
    """Accuracy by split after fine-tuning with some fields changed."""
    base = {"image_size": options.size, **fields}
    sets = [part for key, value in base.items() for part in ("--set", f"{key}={value}")]
    command = ["--data", options.data, "--init", options.init, "--out", str(out), "--epochs1", "0", *sets]
    code = train([*command, "--model", "bi_shufflenet", "--epochs2", str(options.epochs), "--lr2", str(options.lr)])
    if code:
        raise SystemExit(code)
    found: dict[str, float] = json.loads((out / "metrics.json").read_text())["accuracy"]
    return found


def main() -> None:
    """Train every row and write the table, again after each row."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="folder of labelled images with groups")
    parser.add_argument("--init", required=True, help="checkpoint to start from")
    parser.add_argument("--out", type=Path, required=True, help="Markdown file to write")
    parser.add_argument("--epochs", type=int, default=12, help="epochs of each row (default: 12)")
    parser.add_argument("--lr", type=float, default=5e-4, help="peak learning rate (default: 0.0005)")
    parser.add_argument("--size", type=int, default=96, help="pixels a side (default: 96)")
    options = parser.parse_args()
    head = (
        f"What a choice costs: each row fine-tuned {options.epochs} epochs from one checkpoint, {options.size} pixels\n"
        f"({Path(options.data).name}, one seed, grouped split; path: PyTorch in hardware arithmetic, equal to the\n"
        "integer model; float shortcuts: float).\n\n| choice | train | val | test |\n|---|---|---|---|\n"
    )
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for number, (name, fields) in enumerate(CHOICES.items()):
            accuracy = measure(options, fields, Path(folder) / str(number))
            rows.append(f"| {name} | " + " | ".join(f"{accuracy[s]:.3f}" for s in ("train", "val", "test")) + " |")
            options.out.write_text(head + "\n".join(rows) + "\n")


if __name__ == "__main__":
    main()
