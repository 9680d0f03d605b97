"""StreamVVAU: types of both operands, kernels, strides, paddings and dilations, in LUTs and in DSP slices."""

from typing import Any

import numpy as np
import pytest
from qonnx.core.datatype import DataType

from finn_build.arithmetic.datatypes import integer_range_dtype
from finn_build.dataflow.ops._dsp import channel_distance
from finn_build.errors import ConfigError
from tests.dataflow.ops.op_case import OpBench, OpCase, OpChecks, random_values
from tests.dataflow.ops.test_swg import counts


def vvau(
    image: tuple[int, int] = (5, 6),
    kernel: tuple[int, int] = (3, 3),
    stride: tuple[int, int] = (1, 1),
    padding: tuple[int, int, int, int] = (1, 1, 1, 1),
    dilation: tuple[int, int] = (1, 1),
    *,
    channels: int = 4,
    pe: int = 2,
    x: str = "UINT4",
    weights: str = "INT4",
    narrow: bool = False,
    res_type: str = "auto",
    ram_style: str = "auto",
    price: int = 190,
) -> OpCase:
    """A case with random weights, the ends of their type among them."""
    rng = np.random.default_rng([*image, *kernel, channels, pe])
    x_type, weight_type = DataType[x], DataType[weights]
    least, most = int(weight_type.min()) + narrow, int(weight_type.max())
    values = np.clip(random_values(rng, weight_type, (channels, kernel[0] * kernel[1])), least, most)
    values[0], values[-1] = least, most
    reach = kernel[0] * kernel[1] * max(-least, most) * max(-int(x_type.min()), int(x_type.max()))
    attributes: dict[str, Any] = {
        "IFMDim": list(image), "IFMChannels": channels, "KernelDim": list(kernel), "Stride": list(stride),
        "Padding": list(padding), "Dilation": list(dilation), "PE": pe, "inputDataType": x, "weightDataType": weights,
        "outputDataType": integer_range_dtype(-reach, reach).name, "NarrowWeights": int(narrow), "resType": res_type,
        "ram_style": ram_style, "bramPrice": price,
    }  # fmt: skip

    def reference(frame: np.ndarray, parameters: np.ndarray) -> np.ndarray:
        """From the definition, place by place."""
        _, height, width, _ = frame.shape
        out = np.zeros((1, *counts(image, kernel, stride, padding, dilation), channels), np.int64)
        for (_, oy, ox, c), ky, kx in (
            (place, ky, kx) for place in np.ndindex(out.shape) for ky in range(kernel[0]) for kx in range(kernel[1])
        ):
            y, x0 = oy * stride[0] + ky * dilation[0] - padding[0], ox * stride[1] + kx * dilation[1] - padding[1]
            if 0 <= y < height and 0 <= x0 < width:
                out[0, oy, ox, c] += frame[0, y, x0, c] * parameters[c, ky * kernel[1] + kx]
        return out

    return OpCase(attributes, reference, [(values, weight_type)])


CASES = [
    vvau(),
    vvau(narrow=True, pe=4, x="INT4"),
    vvau(channels=3, pe=3, x="INT5", weights="INT3"),
    vvau((7, 5), (3, 3), (2, 2), x="UINT2", weights="INT2", channels=6, pe=1),
    vvau((6, 7), padding=(2, 2, 2, 2), dilation=(2, 2), x="BIPOLAR", weights="INT4", pe=4),
    vvau(x="BIPOLAR", weights="BIPOLAR", pe=1),
    vvau((4, 4), (2, 2), (2, 1), (0, 0, 0, 0), x="INT8", weights="BIPOLAR"),
    vvau((1, 9), (1, 5), (1, 2), (0, 2, 0, 1), x="UINT8", weights="INT8", price=1, ram_style="block"),
    vvau((5, 5), (1, 1), padding=(0, 0, 0, 0), x="UINT3", weights="INT8", res_type="lut", pe=4),
    vvau((5, 4), x="TERNARY", weights="INT2", channels=2, pe=2),
    vvau((5, 4), x="UINT1", weights="INT5", res_type="lut"),
    vvau((4, 6), x="INT3", weights="INT2", res_type="dsp", channels=6, pe=3),
    vvau((4, 5), (3, 2), x="INT8", weights="INT8", padding=(1, 1, 1, 0), pe=4),
    vvau((3, 5), (1, 1), padding=(0, 0, 0, 0), x="INT2", weights="INT3", pe=1, channels=1),
]


@pytest.fixture(scope="module")
def bench() -> OpBench:
    return OpBench("StreamVVAU_rtl", CASES)


class TestVVAU(OpChecks):
    def test_every_kind_of_product_is_covered(self, bench: OpBench) -> None:
        kinds = {(bool(p["DSP"]), bool(p["SHIFT"])) for p in (op.rtl_parameters() for op in bench.ops)}
        assert kinds == {(False, False), (True, False), (True, True)}


@pytest.mark.parametrize("x", ["UINT4", "INT4", "BIPOLAR"])
@pytest.mark.parametrize("narrow", [False, True])
def test_two_channels_in_a_slice_stand_apart_at_their_ends(x: str, narrow: bool) -> None:
    """The slice's sum of the greatest products of either sign, taken apart as in sf_vvau_slice.sv, gives both sums."""
    op = OpBench("StreamVVAU_rtl", [vvau(x=x, narrow=narrow)]).ops[0]
    shift, taps = int(op.rtl_parameters()["SHIFT"]), 9
    ends = DataType[x].min(), DataType[x].max()
    half = 1 << shift - 1
    for x0, x1, w0, w1 in np.ndindex(2, 2, 2, 2):
        xs, ws = [int(ends[k]) for k in (x0, x1)], [(-8 + narrow, 7)[k] for k in (w0, w1)]
        total = (half << shift) + taps * (xs[0] + (xs[1] << shift)) * (ws[0] + (ws[1] << shift))
        assert (total + half & (1 << shift) - 1) - half == taps * xs[0] * ws[0]
        assert total >> 2 * shift == taps * xs[1] * ws[1]


@pytest.mark.parametrize(
    ("kwargs", "text"),
    [
        ({"pe": 3}, "PE=3 does not divide IFMChannels=4; nearest legal: 2, 4"),
        (
            {"weights": "BIPOLAR", "res_type": "dsp"},
            "resType=dsp for weights of one bit, which are only signs; legal: auto, lut",
        ),
    ],
)
def test_what_cannot_be_is_refused(kwargs: dict[str, Any], text: str) -> None:
    with pytest.raises(ConfigError, match=f"^StreamVVAU_rtl_0: {text}$"):
        OpBench("StreamVVAU_rtl", [vvau(**kwargs)]).ops[0].rtl_parameters()


def test_weights_that_are_not_narrow_are_refused() -> None:
    bench = OpBench("StreamVVAU_rtl", [vvau()])
    bench.ops[0].set_nodeattr("NarrowWeights", 1)
    with pytest.raises(ConfigError, match=r"^StreamVVAU_rtl_0: NarrowWeights=1, but a weight is -8; set it to 0$"):
        bench.ops[0].memory_files(bench.model)


@pytest.mark.parametrize(
    ("x_bits", "weight_bits", "sum_bits", "distance"),
    [(8, 15, 28, 10), (15, 8, 28, 10), (9, 9, 28, 0), (8, 16, 28, 0), (8, 15, 29, 0)],
)
def test_two_channels_share_a_slice_up_to_the_width_of_its_factors_and_sum(
    x_bits: int, weight_bits: int, sum_bits: int, distance: int
) -> None:
    """Sums of up to 255 stand 10 bits apart, the upper channel's factors are 18 and 25 bits then, and three sums 48."""
    assert channel_distance(255, x_bits, weight_bits, sum_bits) == distance
