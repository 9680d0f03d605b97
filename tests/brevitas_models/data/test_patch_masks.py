from pathlib import Path

import numpy as np

from brevitas_models.data.images import load_folder
from brevitas_models.data.patches import write_patches
from brevitas_models.data.shrink import shrink
from tests.brevitas_models.nets import write_image


def test_a_patch_inside_a_large_defect_is_not_taken_for_inverted(tmp_path: Path) -> None:
    """Of small images too, whose masks were white in whole before."""
    whole, lines = tmp_path / "whole", ["path,class,mask,mask_values"]
    for number in range(6):
        mask = np.zeros((64, 48), np.uint8)
        mask[(slice(None), slice(None)) if number == 0 else (30, slice(20, 22))] = 255
        for kind, pixels in (("images", np.full_like(mask, 100)), ("masks", mask)):
            write_image(whole / kind / f"{number}.png", pixels)
        lines.append(f"images/{number}.png,rust,masks/{number}.png,255")
    (whole / "index.csv").write_text("\n".join(lines) + "\n")
    shrink(whole, tmp_path / "half", 2, 16)
    write_patches(whole, tmp_path / "patches", 16)
    for made in ("half", "patches"):
        masks = load_folder(tmp_path / made, 16, masks=True).masks
        assert masks is not None
        shares = sorted(float(mask.mean()) for mask in masks)
        assert shares[-1] == 1 and shares[0] == shares[-2] < 0.01
