"""How the steps up to the FIFOs grow with a network: CPU seconds of chains of 3 to 48 binary convolutions, ×1 to ×16.

`python benchmarks/scaling.py [--blocks N ...]` prints seconds of each step, and writes `benchmarks/results/scaling.md`.
A step that grows as its graph doubles its seconds from row to row at most; the last line has the exponents between the
two largest networks.
"""

from __future__ import annotations

import usage  # isort: skip  # noqa: F401

import argparse
import math
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from brevitas.nn import QuantConv2d
from torch import nn

from brevitas_models.layers.activations import BatchNorm2d, activation
from brevitas_models.layers.quantizers import act_quantizer, pixel_quantizer, weight_quantizer
from finn_build.config import BuildConfig, load_board
from finn_build.finn.environment import prepare_finn

OUT = Path(__file__).parent / "results" / "scaling.md"
STEPS = ("export", "import", "integers", "lower", "fold", "buffer")


def chain(blocks: int) -> nn.Module:
    """Binary convolutions of 8 channels on 12x12 pixels, each with batch norm, activation function and quantizer."""
    layers: list[nn.Module] = [pixel_quantizer(), QuantConv2d(1, 8, 3, padding=1, bias=False, **weight_quantizer(8))]
    for _ in range(blocks):
        layers += [BatchNorm2d(8), activation("rprelu", 8), act_quantizer(1, signed=True)]
        layers.append(QuantConv2d(8, 8, 3, padding=1, bias=False, **weight_quantizer(1)))
    return nn.Sequential(*layers, BatchNorm2d(8), act_quantizer(1, signed=True)).eval()


def measure(blocks: int) -> tuple[int, dict[str, float]]:
    """Nodes of the hardware graph, and CPU seconds by step."""
    torch.manual_seed(0)
    seconds: dict[str, float] = {}

    def timed(name: str, run: Callable[[], Any]) -> Any:
        began = time.process_time()
        result = run()
        seconds[name] = time.process_time() - began
        return result

    with TemporaryDirectory() as name:
        folder = Path(name)
        prepare_finn(folder / ".finn")
        from finn_build import pipeline  # here, as below: these import FINN
        from finn_build.frontend import network as networks
        from finn_build.frontend.export import export_qonnx
        from finn_build.state import Build

        path = timed("export", lambda: export_qonnx(chain(blocks), folder / "net.onnx", (1, 1, 12, 12)))
        network = timed("import", lambda: networks.from_qonnx(path))
        images = networks.load_images(networks.SYNTHETIC, network, 4, seed=1)
        config = BuildConfig(model="chain", target_fps=50_000.0, max_utilization=1.0)
        build = Build(config, load_board("zcu104"), network, images, folder)
        for step in pipeline.STEPS[:4]:
            timed(step.name, lambda step=step: step.run(build, lambda fraction: None))
    return len(build.streams.graph.node), seconds


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--blocks", type=int, nargs="+", default=[3, 6, 12, 24, 48], help="(default: 3 6 12 24 48)")
    options = parser.parse_args()
    measure(options.blocks[0])  # what is loaded and compiled once
    lines, found = [], []
    for blocks in options.blocks:
        found.append(measure(blocks))
        nodes, seconds = found[-1]
        lines.append(f"| {blocks} | {nodes} | " + " | ".join(f"{seconds[step]:.2f}" for step in STEPS) + " |")
        print(lines[-1], flush=True)
    (few, before), (many, after) = found[-2:]
    exponents = [math.log(after[step] / before[step]) / math.log(many / few) for step in STEPS]
    lines.append("| exponent | | " + " | ".join(f"{exponent:.2f}" for exponent in exponents) + " |")
    print(lines[-1])
    head = f"| convolutions | ops | {' | '.join(STEPS)} |\n" + "|---:" * (len(STEPS) + 2) + "|\n"
    versions = ", ".join(f"{package} {version(package)}" for package in ("signflow", "finn-plus", "qonnx", "torch"))
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(f"By `python benchmarks/scaling.py`; {versions}. CPU seconds.\n\n{head}" + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
