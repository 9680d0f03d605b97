import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from brevitas_models.classical import (
    ContrastAdjustedThreshold,
    EntitySparsityPursuit,
    SmoothSparseDecomposition,
    smooth_sparse_decomposition,
)
from brevitas_models.classical._segmenter import Segmenter, dice
from brevitas_models.classical.entity_sparsity_pursuit import Pursuit, pursue
from brevitas_models.classical.smooth_sparse_decomposition import Penalties, decompose
from finn_build.errors import DataError

SEGMENTERS = (ContrastAdjustedThreshold, SmoothSparseDecomposition, EntitySparsityPursuit)
FLOORS = dict(zip(SEGMENTERS, (0.9, 0.9, 0.7), strict=True))  # a superpixel's edge is coarser than a defect's


def _surfaces(n: int, change: float, seed: int = 0, light: float = 8) -> tuple[np.ndarray, np.ndarray]:
    """Grainy surfaces under uneven light, each with blobs that differ from it by `change` grey values."""
    random = np.random.default_rng(seed)
    smooth = gaussian_filter(random.standard_normal((n, 64, 64)), (0, 20, 20))
    blobs = gaussian_filter(random.standard_normal((n, 64, 64)), (0, 4, 4))
    masks = blobs > np.quantile(blobs, 0.88)
    grain = random.normal(0, 5, masks.shape)
    images = 120 + light * smooth / smooth.std() + grain + change * masks
    return images.clip(0, 255).astype(np.uint8), masks.astype(np.uint8)


@pytest.mark.parametrize("segmenter", SEGMENTERS)
@pytest.mark.parametrize(("change", "polarity"), [(-50, "dark"), (50, "bright")])
def test_it_finds_defects_and_their_polarity(segmenter: type[Segmenter], change: float, polarity: str) -> None:
    method = segmenter().fit(*_surfaces(8, change))
    images, masks = _surfaces(8, change, seed=1)
    predicted = method.predict(images)
    assert predicted.dtype == np.uint8 and predicted.shape == masks.shape
    assert method.polarity_ == polarity
    assert dice(predicted, masks) > FLOORS[segmenter] > dice(np.ones_like(masks), masks)
    assert (predicted != masks).mean() < masks.mean(), "all background makes fewer errors"


@pytest.mark.parametrize("segmenter", [SmoothSparseDecomposition, EntitySparsityPursuit])
def test_defects_of_either_sign_are_found_where_the_method_can(segmenter: type[Segmenter]) -> None:
    pairs = [_surfaces(4, change, seed=index) for index, change in enumerate((-50, 50))]
    method = segmenter().fit(*(np.concatenate(arrays) for arrays in zip(*pairs, strict=True)))
    assert method.polarity_ == "both" and method.dice_ > 0.7


def test_uneven_light_is_what_a_decomposition_is_for() -> None:
    train, test = _surfaces(8, -50, light=40), _surfaces(8, -50, seed=1, light=40)
    smooth, threshold = (
        dice(segmenter().fit(*train).predict(test[0]), test[1])
        for segmenter in (SmoothSparseDecomposition, ContrastAdjustedThreshold)
    )
    assert smooth > 0.8 > threshold


@pytest.mark.parametrize("segmenter", SEGMENTERS)
def test_a_mask_depends_on_its_image_alone(segmenter: type[Segmenter]) -> None:
    images, masks = _surfaces(4, -50)
    first, again = segmenter().fit(images, masks), segmenter().fit(images, masks)
    assert (first.setting_, first.polarity_, first.dice_) == (again.setting_, again.polarity_, again.dice_)
    together = first.predict(images)
    assert np.array_equal(together, np.concatenate([first.predict(image[None]) for image in images]))


@pytest.mark.parametrize("segmenter", SEGMENTERS)
def test_a_flat_image_has_no_defect(segmenter: type[Segmenter]) -> None:
    method = segmenter().fit(*_surfaces(4, -50))
    assert not method.predict(np.full((2, 64, 64), 77, np.uint8)).any()


def test_fit_looks_at_no_more_images_than_it_was_told() -> None:
    images, masks = _surfaces(9, -50)
    capped = ContrastAdjustedThreshold(most_images=3).fit(images, masks)
    assert capped.dice_ == ContrastAdjustedThreshold().fit(images[::4], masks[::4]).dice_
    assert capped.dice_ != ContrastAdjustedThreshold().fit(images, masks).dice_


def test_contrast_adjustment_undoes_gain_and_offset() -> None:
    images, masks = _surfaces(6, -50)
    method = ContrastAdjustedThreshold().fit(images // 3, masks)
    assert np.array_equal(method.predict(images // 3 * 2 + 16), method.predict(images // 3))


def _smooth_and_sparse() -> tuple[np.ndarray, np.ndarray]:
    """A smooth background and an anomaly of two rectangles, one dark and one bright."""
    y, x = np.mgrid[:48, :64] / 64
    anomaly = np.zeros((1, 48, 64), np.float32)
    anomaly[0, 10:16, 20:30], anomaly[0, 30:34, 40:44] = -0.3, 0.4
    return (0.5 + 0.1 * np.cos(3 * x) + 0.1 * y).astype(np.float32), anomaly


def test_smooth_sparse_decomposition_recovers_both_parts() -> None:
    background, anomaly = _smooth_and_sparse()
    smooth, sparse = decompose(background + anomaly, Penalties(smoothness=1, sparsity=1, spacing=1))
    assert np.array_equal(np.sign(sparse), np.sign(anomaly))
    assert np.abs(smooth - background).max() < 0.01 and np.abs(sparse - anomaly).max() < 0.02


def test_its_iterations_are_enough_to_converge(monkeypatch: pytest.MonkeyPatch) -> None:
    image, setting = sum(_smooth_and_sparse()), Penalties(smoothness=1, sparsity=1, spacing=2)
    _, sparse = decompose(image, setting)
    monkeypatch.setattr(smooth_sparse_decomposition, "ITERATIONS", 400)
    assert np.abs(sparse - decompose(image, setting)[1]).max() < 0.02


def test_pursuit_recovers_the_columns_that_break_the_low_rank() -> None:
    random = np.random.default_rng(0)
    low_rank = random.standard_normal((2, 8, 1)) @ random.standard_normal((2, 1, 100))
    broken = np.zeros((2, 8, 100))
    broken[0, :, [3, 50]], broken[1, :, 97] = random.normal(0, 4, (2, 8)), random.normal(0, 4, 8)
    found = pursue(low_rank + broken, np.array([100, 100]), Pursuit(sparsity=4, prior=0))
    assert np.array_equal(np.linalg.norm(found, axis=1) > 1, np.linalg.norm(broken, axis=1) > 0)


def test_pursuit_ignores_the_padding_of_a_batch() -> None:
    features, counts = np.random.default_rng(0).standard_normal((1, 4, 30)) ** 3, np.array([30])
    alone = pursue(features, counts, Pursuit(sparsity=3, prior=1))
    padded = pursue(np.pad(features, ((0, 0), (0, 0), (0, 60))), counts, Pursuit(sparsity=3, prior=1))
    assert 0 < np.count_nonzero(alone) < alone.size
    assert np.allclose(padded[:, :, :30], alone) and not padded[:, :, 30:].any()


def test_of_equally_good_settings_the_first_wins() -> None:
    masks = _surfaces(2, -50)[1]
    method = ContrastAdjustedThreshold().fit((200 - 50 * masks).astype(np.uint8), masks)
    assert method.dice_ == 1 and method.setting_ == method.settings[0]


@pytest.mark.parametrize("segmenter", SEGMENTERS)
def test_errors(segmenter: type[Segmenter]) -> None:
    images, masks = _surfaces(2, -50)
    with pytest.raises(DataError, match=r"images are float64 \[2, 64, 64\]; give grey ones, uint8 \[N, H, W\]"):
        segmenter().fit(images / 255, masks)
    with pytest.raises(DataError, match=r"images are \[0, 64, 64\]; need at least one of at least 16x16 pixels"):
        segmenter().fit(images[:0], masks[:0])
    with pytest.raises(DataError, match=r"masks are bool \[2, 64, 64\]; the images need uint8 \[2, 64, 64\]"):
        segmenter().fit(images, masks > 0)
    with pytest.raises(DataError, match=r"masks are uint8 \[1, 64, 64\]"):
        segmenter().fit(images, masks[:1])
    with pytest.raises(DataError, match="the greatest value of the masks is 255; defects must be 1"):
        segmenter().fit(images, masks * 255)
    with pytest.raises(DataError, match="the greatest value of the masks is 0"):
        segmenter().fit(images, masks * 0)
    with pytest.raises(DataError, match=f"{segmenter.__name__} has no parameters yet; call fit first"):
        segmenter().predict(images)
