"""How fast training is: fused kernels against PyTorch's plain graph, side by side.

`python benchmarks/training.py [--model NAME] [--size N] [--batch N] [--rounds N]` runs steps of both ways in turn, one
thread, and prints images per CPU second of each round and the median ratio (machines are noisy: quote the ratio). The
plain graph is what training was before: every operation one of PyTorch's or Brevitas', maps in NCHW order.
"""

from __future__ import annotations

import usage  # isort: skip  # noqa: F401

import argparse
import statistics
import time
from collections.abc import Callable

import torch
from record import record

from brevitas_models.layers.fused import kernels
from brevitas_models.networks.zoo import DEFAULT_MODEL, build_model
from brevitas_models.training.tasks import Classification, Segmentation

WARM, STEPS = 2, 5


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default=DEFAULT_MODEL, help="of the zoo (default: %(default)s)")
    parser.add_argument("--size", type=int, default=96, help="of images, pixels (default: 96)")
    parser.add_argument("--batch", type=int, default=32, help="images per step (default: 32)")
    parser.add_argument("--rounds", type=int, default=5, help="of both ways (default: 5)")
    parser.add_argument("--real", action="store_true", help="step 1, real-valued weights (default: step 2)")
    options = parser.parse_args()
    torch.set_num_threads(1)
    plain, fused = _steps(options, torch.contiguous_format), _steps(options, torch.channels_last)
    ratios, rows = [], []
    for number in range(options.rounds):
        with kernels("plain"):
            before = _rate(plain, options.batch, number)
        after = _rate(fused, options.batch, number)
        ratios.append(after / before)
        rows.append((number + 1, f"{before:.1f}", f"{after:.1f}", f"{ratios[-1]:.2f}"))
        print(
            f"round {number + 1}: plain {before:.1f}, fused {after:.1f} images per CPU second, ratio {ratios[-1]:.2f}"
        )
    ratio = f"{statistics.median(ratios):.2f}"
    what = f"{options.model} {options.size}x{options.size}, step {1 if options.real else 2}, batch {options.batch}"
    record(
        __file__, ["torch", "brevitas"], ["round", "plain, images per CPU second", "fused", "ratio"],
        [*rows, ("median", "", "", ratio)], f"{what}, one thread.",
    )  # fmt: skip
    print(f"fused / plain: median {statistics.median(ratios):.2f}, {min(ratios):.2f} to {max(ratios):.2f}")


def _steps(options: argparse.Namespace, order: torch.memory_format) -> Callable[[], None]:
    """One step of training: forward, backward, Adam."""
    torch.manual_seed(0)
    bits = {"weight_bits": 32} if options.real else {}
    model = build_model(options.model, image_size=options.size, **bits).to(memory_format=order).train()
    masks = model.task == "mask"
    task = Segmentation() if masks else Classification()
    images = torch.rand(options.batch, model.config.in_channels, options.size, options.size)
    targets = images[:, :1].round() if masks else torch.arange(options.batch) % model.config.num_classes
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)

    def step() -> None:
        loss = task.loss(model(images), targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step


def _rate(step: Callable[[], None], batch: int, number: int) -> float:
    """Images per CPU second."""
    for _ in range(0 if number else WARM):
        step()
    began = time.process_time()
    for _ in range(STEPS):
        step()
    return STEPS * batch / (time.process_time() - began)


if __name__ == "__main__":
    main()
