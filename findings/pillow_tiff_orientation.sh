#!/usr/bin/env bash
# Pillow 13.0.0: an uncompressed TIFF whose orientation tag is 5 to 8 (on its side) opens with other pixels than it holds:
# rows are cut at the turned width. The same picture and tag as PNG, through ImageOps.exif_transpose, is right.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q pillow==13.0.0 numpy==2.4.6
"$folder/venv/bin/python" - "$folder" <<'PYTHON'
import sys
import numpy as np
import PIL
from PIL import Image, ImageOps

print("Pillow", PIL.__version__)
pixels = np.arange(12, dtype=np.uint8).reshape(4, 3) * 20
surprised = 0
for orientation in (5, 6, 7, 8):
    exif = Image.Exif()
    exif[0x0112] = orientation
    found = {}
    for kind in ("tif", "png"):
        path = f"{sys.argv[1]}/a.{kind}"
        Image.fromarray(pixels).save(path, exif=exif)
        found[kind] = np.asarray(ImageOps.exif_transpose(Image.open(path)))
    same = np.array_equal(found["tif"], found["png"])
    print(f"orientation {orientation}: PNG {found['png'].shape} {found['png'][0]}, TIFF {found['tif'].shape} {found['tif'][0]}")
    surprised += not same
print(f"{surprised} of 4 differ")
sys.exit(surprised != 4)
PYTHON
