"""The simulated frames and what the accelerator gave for them, as arrays, as pictures and in words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from signflow_driver.meaning import decide

from brevitas_models.training.segmentation import write_pictures
from finn_build.proof.levels import network_output
from finn_build.state import Build


def write_frames(build: Build, folder: Path) -> Path:
    """Write `frames.npz`: the frames, their names, and what the accelerator gave for them.

    `images` uint8 [frames, C, H, W]; `names`; `outputs`, the names of the network's outputs; for output i
    `output_<i>` float32, computed on the host from `output_<i>_ints`, what the stitched design sent in rtlsim (FINN's
    layers in Python for `--impl finn-hls`); where it is computed from several, also `output_<i>_ints_1`, ... By number:
    a name may be anything, "images" too.
    """
    values, shown = build.values[max(build.values)], build.config.frames
    arrays: dict[str, np.ndarray] = {
        "images": build.images.images[:shown],
        "names": np.array(build.images.names[:shown]),
        "outputs": np.array(list(build.integers.tails)),
    }
    for i, (name, tail) in enumerate(build.integers.tails.items()):
        ints = {source: np.moveaxis(values[source], -1, 1) for source in tail.sources}
        arrays |= {f"output_{i}_ints" + f"_{k}" * (k > 0): v for k, v in enumerate(ints.values())}
        arrays[f"output_{i}"] = build.integers.to_network_output(name, ints)
    path = folder / "frames.npz"
    np.savez_compressed(path, **arrays)  # type: ignore[arg-type]
    return path


def write_masks(build: Build, folder: Path) -> list[Path]:
    """Write `masks/`: each simulated frame, its true mask where that is known, and the accelerator's, as PNG."""
    name = build.mask
    masks = decide(network_output(build.values[max(build.values)], name), build.meanings[name]).astype(np.uint8)
    return write_pictures(build.images.select(np.arange(len(masks))), masks, folder / "masks")


def frame_rows(build: Build) -> list[dict[str, str | None]]:
    """The frames of the gate: name, class where it is known, and class told by the first output that tells one."""
    shown, data, classes = build.config.frames, build.images, build.network.classes or build.images.classes
    telling = next((name for name, meaning in build.meanings.items() if meaning.of_images), None)
    told: list[str | None] = [None] * shown
    if telling and build.verdict:
        found = decide(network_output(build.values[max(build.values)], telling), build.meanings[telling])
        told = [classes[i] if i < len(classes) else str(i) for i in found.tolist()]
    truths = [data.classes[i] if i >= 0 else None for i in data.labels[:shown].tolist()]
    rows = zip(data.names[:shown], truths, told, strict=True)
    return [{"name": name, "truth": truth, "told": said} for name, truth, said in rows]
