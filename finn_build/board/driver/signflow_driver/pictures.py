"""Picture files to pixels of 8 bits: one reader for training, build and board, so that all of them see the same.

Pixels of 16 bits are scaled by 255 / 65,535, those of a TIFF that says it has fewer bits by these. Palettes and CMYK
become grey or RGB as Pillow converts them, an orientation in the EXIF data is followed. What has no one meaning is
refused by name: floats and 32-bit integers (no scale is stated), transparency, several pictures in a file, and 16-bit
files that hold no more than 14 bits, which would be a quarter as bright or almost black.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .errors import InputError

if TYPE_CHECKING:
    from PIL import Image

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".pgm", ".ppm", ".pnm", ".webp")
_DARK = 64  # of 255: a 16-bit picture that is nowhere brighter holds 14 bits or fewer
_BITS_PER_SAMPLE, _MAX_SAMPLE = 258, 281  # tags of TIFF
_ORIENTATION = 0x0112
_SEVERAL = ("TIFF", "WEBP", "PNG", "GIF")  # may hold pages; the second picture in a camera's JPEG is a preview
_FORMATS = (*_SEVERAL, "JPEG", "MPO", "BMP", "PPM")  # whatever a file is called: others start programs, as EPS does


def hidden(path: Path, root: str | Path) -> bool:
    """Whether a file below `root` is a program's own: checkpoints of a notebook, what macOS archives, a dot file."""
    return any(part.startswith((".", "__")) for part in path.relative_to(root).parts)


@contextmanager
def open_picture(path: str | Path) -> Iterator[Image.Image]:
    """A picture file as it lies there, for a `with` block; `upright` follows its orientation.

    Raises:
        InputError: it is missing, no file, no picture, damaged, too large or holds several pictures.
    """
    from PIL import Image  # every PYNQ image has it; arrays do without

    if not Path(path).is_file():
        raise InputError(f"{path}: no such image" if not Path(path).exists() else f"{path}: not a file")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as image:
                if image.format not in _FORMATS:
                    raise InputError(f"{path}: a picture of format {image.format}; legal: {', '.join(_FORMATS)}")
                if image.format in _SEVERAL and getattr(image, "n_frames", 1) > 1:
                    raise InputError(f"{path}: holds {image.n_frames} pictures; save each as a file of its own")  # type: ignore[attr-defined]
                if image.format == "TIFF" and image.tag_v2.get(_ORIENTATION, 1) > 4:  # type: ignore[attr-defined]
                    raise InputError(f"{path}: a TIFF on its side, which Pillow reads wrongly; save it upright")
                yield image
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        legal = f"{Image.MAX_IMAGE_PIXELS:,}"
        raise InputError(f"{path}: more pixels than the {legal} that are read; cut it into parts") from error
    except (OSError, SyntaxError, ValueError, EOFError, MemoryError) as error:
        raise InputError(f"{path}: not a readable image ({error})") from error


def read_picture(
    path: str | Path, channels: int, size: tuple[int, int], box: tuple[int, int, int, int] | None = None
) -> np.ndarray:
    """One picture, or the part of it in a box, resized with an antialiasing bilinear filter.

    Args:
        path: of the file.
        channels: 1 for grey, 3 for RGB.
        size: height and width.
        box: left, top, right and bottom.

    Shapes:
        uint8 [channels, height, width].

    Raises:
        InputError: as `open_picture`, or its pixels have no one meaning.
    """
    with open_picture(path) as image:
        scaled = upright(_eight_bits(path, image).convert("L" if channels == 1 else "RGB"), image)
        pixels = np.asarray(scaled.resize(size[::-1], 2, box), np.uint8)  # 2 is bilinear in every Pillow
    return np.moveaxis(pixels.reshape(*size, channels), -1, 0)


def upright(image: Image.Image, opened: Image.Image) -> Image.Image:
    """A picture made of an opened one, turned and mirrored as the EXIF data of that says."""
    turns = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}  # orientation: number of Pillow's Transpose
    turn = turns.get(opened.getexif().get(_ORIENTATION, 1))
    return image if turn is None else image.transpose(turn)  # type: ignore[arg-type]


def _eight_bits(path: str | Path, image: Image.Image) -> Image.Image:
    from PIL import Image

    if image.mode in ("F", "I") and not (image.mode == "I" and image.format == "PPM"):
        kind = "floats" if image.mode == "F" else "integers of 32 bits"
        raise InputError(f"{path}: pixels are {kind}, whose scale is not known; save them with 8 or 16 bits")
    _require_opaque(path, image)
    if image.mode[0] == "I":
        deep = np.asarray(image, np.float64) * (255 / (2 ** _depth(image) - 1))
        _require_bright(path, deep)
        return Image.fromarray(np.rint(np.clip(deep, 0, 255)).astype(np.uint8))
    deep = any(";16" in str(tile[3]) for tile in getattr(image, "tile", ()))
    if image.mode in ("P", "PA", "LA", "La", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "HSV", "LAB"):
        image = _colour(image)
    if deep:
        _require_bright(path, np.asarray(image))
    return image


def _colour(image: Image.Image) -> Image.Image:
    if image.mode == "LAB":
        from PIL import ImageCms

        lab, rgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        return ImageCms.profileToProfile(image, lab, rgb, outputMode="RGB")  # type: ignore[return-value]
    if image.mode in ("La", "RGBa"):  # premultiplied, and opaque
        image = image.convert(image.mode.upper())
    return image.convert("L" if image.mode == "LA" else "RGB")


def _require_opaque(path: str | Path, image: Image.Image) -> None:
    """Raise InputError where some pixel is transparent."""
    if image.mode in ("LA", "La", "PA", "RGBA", "RGBa"):
        alpha = image.getchannel("A" if image.mode != "RGBa" and image.mode != "La" else "a")
    elif "transparency" in image.info and image.mode in ("1", "L", "P", "RGB"):
        alpha = image.convert("RGBA").getchannel("A")
    else:
        return
    if alpha.getextrema()[0] < 255:  # type: ignore[operator]
        raise InputError(f"{path}: some pixels are transparent; save it without an alpha channel")


def _require_bright(path: str | Path, pixels: np.ndarray) -> None:
    if 0 < pixels.max(initial=0) < _DARK:
        raise InputError(
            f"{path}: pixels of 16 bits, none of which uses the upper two: a camera of 14 bits or fewer? Scale them "
            "to 16 bits, or save them with 8"
        )


def _depth(image: Image.Image) -> int:
    """Bits of a pixel: 16, or fewer where a TIFF says so."""
    tags = getattr(image, "tag_v2", {})
    said = [int(np.ravel(tags[_BITS_PER_SAMPLE])[0])] if _BITS_PER_SAMPLE in tags else []
    if _MAX_SAMPLE in tags:
        said.append(int(np.ravel(tags[_MAX_SAMPLE])[0]).bit_length())
    return min([16, *(bits for bits in said if 8 < bits <= 16)])
