from collections.abc import Sequence

import numpy as np
import pytest
import torch

from finn_build.errors import ConfigError
from tests.dataflow.ops.op_case import OpBench, OpCase, OpChecks


def depth_to_space(
    image: Sequence[int], block: int = 2, channels: int = 1, pe: int = 1, dtype: str = "UINT4", ram_style: str = "auto"
) -> OpCase:
    attributes = {
        "IFMDim": list(image), "NumChannels": channels, "BlockSize": block, "PE": pe, "inputDataType": dtype,
        "ram_style": ram_style,
    }  # fmt: skip

    def reference(x: np.ndarray) -> np.ndarray:
        by_channel = x.reshape(*x.shape[:3], block * block, channels).swapaxes(3, 4).reshape(x.shape)
        shuffled = torch.nn.functional.pixel_shuffle(torch.from_numpy(by_channel).permute(0, 3, 1, 2).float(), block)
        return shuffled.permute(0, 2, 3, 1).numpy()

    return OpCase(attributes, reference)


CASES = [
    depth_to_space((3, 4)),
    depth_to_space((3, 4), channels=6, pe=2, dtype="INT5"),
    depth_to_space((2, 5), block=3, channels=4, pe=4, dtype="BIPOLAR"),
    depth_to_space((2, 3), block=4, channels=2, ram_style="block"),
    depth_to_space((1, 1), channels=3, pe=3),
    depth_to_space((4, 1), channels=2, pe=2, dtype="INT12", ram_style="block"),
]


@pytest.fixture(scope="module")
def bench() -> OpBench:
    return OpBench("DepthToSpace_rtl", CASES)


class TestDepthToSpace(OpChecks):
    pass


def test_lanes_stay_within_an_output_pixel() -> None:
    assert OpBench("DepthToSpace_rtl", CASES).ops[1].legal_lanes() == [1, 2, 3, 6]


def test_a_block_of_one_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"^DepthToSpace_rtl_0: BlockSize=1; legal: 2 and more$"):
        OpBench("DepthToSpace_rtl", [depth_to_space((2, 2), block=1)])
