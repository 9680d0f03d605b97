"""What the classical methods take, checked before any of them computes."""

import numpy as np

from finn_build.errors import DataError

MIN_SIZE = 16


def check_images(images: np.ndarray) -> None:
    """Images must be uint8 [N, H, W], at least one, and MIN_SIZE pixels or more each way.

    Raises:
        DataError: they are not.
    """
    if images.dtype != np.uint8 or images.ndim != 3:
        raise DataError(f"images are {images.dtype} {list(images.shape)}; give grey ones, uint8 [N, H, W]")
    if not len(images) or min(images.shape[1:]) < MIN_SIZE:
        raise DataError(f"images are {list(images.shape)}; need at least one of at least {MIN_SIZE}x{MIN_SIZE} pixels")


def check_masks(images: np.ndarray, masks: np.ndarray) -> None:
    """Masks must be uint8, 0 and 1, of the images' shape, with a defect on at least one.

    Raises:
        DataError: they are not.
    """
    if masks.dtype != np.uint8 or masks.shape != images.shape:
        raise DataError(f"masks are {masks.dtype} {list(masks.shape)}; the images need uint8 {list(images.shape)}")
    if masks.max() != 1:
        raise DataError(f"the greatest value of the masks is {masks.max()}; defects must be 1, and there must be one")


def check_labels(images: np.ndarray, labels: np.ndarray, groups: np.ndarray) -> None:
    """Labels and groups must be one per image, with two classes or more, each of two groups or more.

    Raises:
        DataError: they are not.
    """
    for name, values in (("labels", labels), ("groups", groups)):
        if values.shape != (len(images),):
            raise DataError(f"{name} are {list(values.shape)}; {len(images)} images need [{len(images)}]")
    classes = np.unique(labels)
    if len(classes) < 2:
        raise DataError(f"all images are of class {classes[0]}; a classifier needs two classes")
    for label in classes:
        if len(np.unique(groups[labels == label])) < 2:
            raise DataError(f"class {label} is one group of images; cross-validation needs two of each class")
