"""How fast the integer model is: frames per CPU second beside the network in PyTorch's eval mode, side by side.

`python benchmarks/integer_model.py [--model NAME] [--size N] [--rounds N]` runs both in turn on one thread, and first
compares their outputs for equality.
"""

from __future__ import annotations

import usage  # isort: skip  # noqa: F401

import argparse
import statistics
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from record import record

from brevitas_models.data.images import to_float
from brevitas_models.networks.zoo import DEFAULT_MODEL
from finn_build.frontend.integers import to_integers
from finn_build.frontend.network import from_zoo
from sim.golden import IntegerModel

FRAMES = 192


def main() -> None:
    """Compare, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default=DEFAULT_MODEL, help="of the zoo (default: %(default)s)")
    parser.add_argument("--size", type=int, default=96, help="of images, pixels (default: 96)")
    parser.add_argument("--rounds", type=int, default=3, help="(default: 3)")
    options = parser.parse_args()
    torch.set_num_threads(1)
    with TemporaryDirectory() as folder:
        network = from_zoo(options.model, Path(folder), image_size=options.size)
    assert network.torch is not None
    integers = to_integers(network.qonnx)
    output, tail = next(iter(integers.tails.items()))
    model, source = IntegerModel(integers.model), integers.tensors[tail.source].name
    images = np.random.default_rng(0).integers(0, 256, (FRAMES, *network.input_shape[1:]), dtype=np.uint8)
    pixels = to_float(images)
    ints = integers.quantize_images(pixels)
    rates: list[tuple[float, float]] = []
    for number in range(options.rounds + 1):  # the first warms both
        began = time.process_time()
        sums = model.run(ints)[source]
        between = time.process_time()
        with torch.inference_mode():
            expected = network.torch(torch.from_numpy(pixels)).numpy()
        ended = time.process_time()
        if not np.array_equal(integers.to_network_output(output, sums), expected):
            raise SystemExit(f"{options.model}: integer model and PyTorch differ")
        if number:
            rates.append((FRAMES / (between - began), FRAMES / (ended - between)))
            print(f"round {number}: integer model {rates[-1][0]:.0f}, PyTorch {rates[-1][1]:.0f} frames per CPU second")
    ours, theirs = (statistics.median(column) for column in zip(*rates, strict=True))
    rows = [(number, f"{a:.0f}", f"{b:.0f}", f"{a / b:.1f}") for number, (a, b) in enumerate(rates, 1)]
    record(
        __file__, ["torch", "numpy"], ["round", "integer model, frames per CPU second", "PyTorch", "ratio"],
        [*rows, ("median", f"{ours:.0f}", f"{theirs:.0f}", f"{ours / theirs:.1f}")],
        f"{options.model} {options.size}x{options.size}, {FRAMES} frames, outputs equal, one thread; on a busy machine "
        "both rates are low, the ratio counts.",
    )  # fmt: skip
    print(f"median: integer model {ours:.0f}, PyTorch {theirs:.0f} frames per CPU second, ratio {ours / theirs:.2f}")


if __name__ == "__main__":
    main()
