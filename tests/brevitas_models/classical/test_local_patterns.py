import numpy as np
import pytest

from brevitas_models.classical.local_patterns import SCALES, aeclbp
from brevitas_models.classical.texture_classifier import DESCRIPTORS

IMAGE = np.random.default_rng(0).integers(0, 80, (24, 30), dtype=np.uint8)


@pytest.mark.parametrize("name", DESCRIPTORS)
def test_histograms_of_every_scale_sum_to_one(name: str) -> None:
    sizes = [points + 2 if name == "lbp" else 2 * (points + 2) ** 2 for points, _ in SCALES]
    scales = np.split(DESCRIPTORS[name](IMAGE), np.cumsum(sizes)[:-1])
    assert [len(scale) for scale in scales] == sizes
    assert np.allclose([scale.sum() for scale in scales], 1)


@pytest.mark.parametrize("name", DESCRIPTORS)
def test_gain_and_quarter_turns_change_nothing(name: str) -> None:
    expected = DESCRIPTORS[name](IMAGE)
    assert np.array_equal(DESCRIPTORS[name](IMAGE * 2), expected)
    assert np.allclose(DESCRIPTORS[name](np.rot90(IMAGE)), expected, rtol=0, atol=1e-12)


def test_gain_and_offset_change_nothing_in_aeclbp() -> None:
    assert np.array_equal(aeclbp(IMAGE * 3 + 11), aeclbp(IMAGE))


def test_aeclbp_is_what_its_definition_gives_pixel_by_pixel() -> None:
    points, radius = SCALES[0]
    ring = [(0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1), (1, 0), (1, 1)]  # 45° steps, to the nearest pixel
    border, image = radius + 1, IMAGE.astype(int)
    inside = [(y, x) for y in range(border, 24 - border) for x in range(border, 30 - border)]
    means = {(y, x): [np.mean([image[y + v + dy, x + u + dx] for dy, dx in ring]) for v, u in ring] for y, x in inside}
    spread = np.mean([abs(mean - image[pixel]) for pixel in inside for mean in means[pixel]])

    def code(bits: list[bool]) -> int:
        changes = sum(bits[i] != bits[i - 1] for i in range(points))
        return sum(bits) if changes <= 2 else points + 1

    counts = np.zeros((2, points + 2, points + 2))
    for pixel in inside:
        difference = [mean - image[pixel] for mean in means[pixel]]
        sign, magnitude = code([d >= 0 for d in difference]), code([abs(d) >= spread for d in difference])
        counts[int(image[pixel] >= image.mean()), magnitude, sign] += 1
    assert np.allclose(aeclbp(IMAGE)[: counts.size], counts.ravel() / len(inside), rtol=0, atol=1e-12)
