"""LUTs of a dense network of signs, 64-32-10, every product a circuit of its own: ours and da4ml's, same weights.

`python benchmarks/dense.py [--seed N] [--peer PYTHON]` draws weights and batch norm, builds the network as any QONNX
file with every lane there is, through the gate, and has da4ml write Verilog of the same integers, compared with
PyTorch's logits on random images; Yosys synthesises both for xc7. PYTHON has da4ml; without it, pip brings da4ml 0.6
into an environment of its own. Raw LUTs: a beat a cycle of ours, with streams, registers and steps; da4ml's is the sums
and compares alone, without and with registers.
"""

from __future__ import annotations

import usage  # isort: skip  # noqa: F401

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
import torch
import yaml
from onnx import helper
from record import record

from brevitas_models.networks.configs.fully_connected import FullyConnectedConfig
from brevitas_models.networks.fully_connected import FullyConnected
from finn_build.evaluate.area import netlist_area
from finn_build.evaluate.synthesis import Job, netlist_of
from finn_build.frontend.export import export_qonnx

ROOT = Path(__file__).resolve().parent.parent
_SIDE, _HIDDEN, _IMAGES = 8, 32, 1000
_PEER = """
import json, sys
from importlib.metadata import version
import numpy as np
from da4ml.codegen import VerilogModel
from da4ml.trace import FixedVariableArrayInput, comb_trace

given = {name: np.array(value) for name, value in json.load(open(sys.argv[1])).items()}
first, least, sign, last = (given[name].astype(float) for name in ("first", "least", "sign", "last"))
bits = [np.full(len(first), value) for value in (0, 1, 0)]
pixels = FixedVariableArrayInput(len(first)).quantize(*bits)  # 1 stands for +1, 0 for -1
hidden = pixels @ (first * sign) >= np.ceil((least + (first * sign).sum(0)) / 2)
comb = comb_trace(pixels, hidden @ (2 * last) - last.sum(0))
VerilogModel(comb, "dense", sys.argv[2] + "/together").write()
VerilogModel(comb, "dense", sys.argv[2] + "/registered", latency_cutoff=5).write()
json.dump([version("da4ml"), comb.predict(given["pixels"].astype(float)).tolist()], sys.stdout)
"""


def network(seed: int) -> FullyConnected:
    """Random signs as weights, batch norm of both signs, so that each neuron has a threshold of its own."""
    torch.manual_seed(seed)
    model = FullyConnected(FullyConnectedConfig(image_size=_SIDE, hidden=(_HIDDEN,)))
    norm = model.layers[1]
    norm.running_mean.normal_(0, 4)
    norm.weight.data.normal_()
    norm.bias.data.normal_()
    return model.eval()


@torch.no_grad()
def integers(model: FullyConnected) -> dict[str, np.ndarray]:
    """The same in integers: a hidden neuron is +1 where sign * dot >= least.

    Shapes:
        first [64, 32] and last [32, 10] of ±1; least and sign [32]; pixels [N, 64] of 0 and 1.
    """
    dots = torch.arange(-(_SIDE**2), _SIDE**2 + 1, 2, dtype=torch.float32)
    high = np.asarray(model.layers[2](model.layers[1](dots[:, None].repeat(1, _HIDDEN)))) > 0
    sign = np.where(high[-1] >= high[0], 1, -1)
    reached = np.where(high, sign * dots.numpy()[:, None].astype(int), _SIDE**2 + 1)
    first, last = (np.sign(layer.quant_weight().value.numpy()).astype(int).T for layer in (model.layers[0], model.head))
    return {"first": first, "least": reached.min(0), "sign": sign, "last": last}


def ours(model: FullyConnected, folder: Path) -> dict[str, int]:
    """LUTs by kind of op of the build that passed the gate."""
    path = export_qonnx(model, folder / "dense.onnx", (1, 1, _SIDE, _SIDE), "dense")
    build, config = [sys.executable, str(ROOT / "finn_build" / "build.py")], folder / "dense.yaml"
    config.write_text(yaml.safe_dump({"model": "tfc_w1a1", "target_fps": 1, "frames": 16}))
    words = ["--board", "pynq-z2", "--onnx", str(path), "--out", str(folder / "out"), "--config", str(config)]
    subprocess.run([*build, *words, "--stop", "lower"], check=True, capture_output=True, cwd=ROOT)
    folding = {}
    for node in onnx.load(folder / "out" / "steps" / "lower.onnx").graph.node:
        known = {each.name: helper.get_attribute_value(each) for each in node.attribute}
        lanes = {"PE": known.get("MH", known.get("NumChannels")), "SIMD": known.get("MW")}
        folding[node.name] = {name: lanes[name] for name in lanes if name in known}
    said = yaml.safe_load(config.read_text()) | {"folding": {name: each for name, each in folding.items() if each}}
    config.write_text(yaml.safe_dump(said))
    subprocess.run([*build, *words, "--yosys"], check=True, capture_output=True, cwd=ROOT)
    report = json.loads((folder / "out" / "report.json").read_text())
    assert report["gate"]["passed"] and report["cycles"], "a build that ends well has passed"
    return report


def peer(python: str, given: dict[str, np.ndarray], folder: Path) -> tuple[str, np.ndarray, list[int]]:
    """da4ml's version, its outputs, and LUTs of its circuit without registers and with."""
    (folder / "given.json").write_text(json.dumps({name: value.tolist() for name, value in given.items()}))
    ran = subprocess.run(
        [python, "-c", _PEER, str(folder / "given.json"), str(folder)], capture_output=True, text=True, check=True,
        env={k: v for k, v in os.environ.items() if k != "PYTHONPATH"},
    )  # fmt: skip
    version, outputs = json.loads(ran.stdout.splitlines()[-1])
    luts = []
    for kind in ("together", "registered"):
        sources = folder / kind / "src"
        for path in sorted(sources.rglob("*.v")):  # stages are named apart from the module that the cache renames
            path.write_text(path.read_text().replace("dense_", "part_of_"))
            path.rename(path.with_name(path.name.replace("dense_", "part_of_")))
        job = Job("dense", "xc7", sorted(sources.rglob("*.v")), sources / "memfiles")
        luts.append(netlist_area(netlist_of(job))["lut"])
    return version, np.array(outputs), luts


def main() -> None:
    """Build, compare, synthesise and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0, help="of weights and images (default: 0)")
    parser.add_argument("--peer", default="", metavar="PYTHON", help="one that has da4ml (default: made by pip)")
    options = parser.parse_args()
    model, rng = network(options.seed), np.random.default_rng(options.seed)
    images = rng.integers(0, 256, (_IMAGES, 1, _SIDE, _SIDE))
    with torch.no_grad():
        logits = model(torch.from_numpy(images / 256).float()).numpy()
    given = integers(model) | {"pixels": (images >= 128).reshape(_IMAGES, -1).astype(int)}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        python = options.peer or made(folder)
        version, outputs, (together, registered) = peer(python, given, folder)
        scale = np.abs(model.head.quant_weight().value.detach().numpy()).max()
        if not np.array_equal(outputs * scale, logits):
            raise SystemExit("da4ml's outputs are not PyTorch's")
        report = ours(model, folder)
    layers = report["layers"]
    total = sum(layer["lut_yosys"] for layer in layers)
    rows = [
        ("signflow, all in", f"{total:,}", "equal at every tap"),
        (f"da4ml {version}, sums and compares", f"{together:,}", f"equal on {_IMAGES:,} images"),
        (f"da4ml {version}, with registers", f"{registered:,}", f"equal on {_IMAGES:,} images"),
    ]
    print(*rows, sep="\n")
    head = ["64-32-10 of signs, unfolded", "LUT", "to PyTorch"]
    record(__file__, ["pyosys"], head, rows, "xc7, raw LUTs; wanted: 1,500.")


def made(folder: Path) -> str:
    """An interpreter with da4ml, of an environment that pip fills."""
    subprocess.run([sys.executable, "-m", "venv", str(folder / "peer")], check=True)
    python = str(folder / "peer" / "bin" / "python")
    subprocess.run([python, "-m", "pip", "install", "--quiet", "da4ml==0.6.*"], check=True)
    return python


if __name__ == "__main__":
    main()
