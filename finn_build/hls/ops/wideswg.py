"""WideSWG for HLS."""

from qonnx.core.modelwrapper import ModelWrapper

from finn_build.dataflow.ops.wideswg import WideSWG_rtl
from finn_build.hls.kernel import Array, Kernel, Loop, storage


def kernel(op: WideSWG_rtl, model: ModelWrapper) -> Kernel:
    """Geometry and the latest rows."""
    image, window, style = op.streams_in()[0], op.window, int(op.rtl_parameters()["RAM_STYLE"])
    covered = [
        (count - 1) * stride + reach - before
        for count, stride, reach, before in zip(
            window.windows, window.stride, window.reach, window.padding[:2], strict=True
        )
    ]
    constants: dict[str, int | str] = {
        **window.geometry,
        "DOWN": max(window.image[0], covered[0]),
        "ACROSS": max(window.image[1], covered[1]),
    }
    rows = Array("rows", window.image[1], image.width * max(1, window.reach[0] - 1), storage(style), window.image[1])
    return Kernel("wideswg", [Loop("wideswg", ("ins", "outs"), [rows])], constants)
