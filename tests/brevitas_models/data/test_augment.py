import torch

from brevitas_models.data.augment import Augmentation


def test_shade_is_a_plane_of_light_for_each_image() -> None:
    view = Augmentation(flips=False, shift=0, contrast=0.0, brightness=0.0, shade=0.3)
    light = view(torch.full((40, 1, 9, 7), 0.5), torch.Generator().manual_seed(0))[:, 0] / 0.5 - 1
    down, right = light[:, -1, 3] - light[:, 0, 3], light[:, 4, -1] - light[:, 4, 0]
    rows, columns = torch.linspace(-0.5, 0.5, 9), torch.linspace(-0.5, 0.5, 7)
    plane = rows[:, None] * down[:, None, None] + columns * right[:, None, None]
    assert torch.allclose(light, plane, atol=1e-6)
    assert 0.5 < down.abs().max() <= 0.6 and 0.5 < right.abs().max() <= 0.6 and len(light.unique(dim=0)) == 40
