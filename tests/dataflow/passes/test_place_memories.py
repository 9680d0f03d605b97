"""PlaceMemories: blocks are freed for LUTs, LUTs for blocks, and nothing moves where the design fits."""

from pathlib import Path

import numpy as np
import pytest
from onnx import helper
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp
from qonnx.util.basic import qonnx_make_model

from brevitas_models.networks.zoo import build_model
from finn_build.config import MAX_STREAMS
from finn_build.dataflow.ops.base import DOMAIN
from finn_build.dataflow.passes.place_memories import PlaceMemories
from finn_build.errors import ConfigError
from tests.dataflow.passes.streams import execute, frame, lowered

MANY = 10**9


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ModelWrapper:
    from finn_build.dataflow.passes.fuse_conv_units import FuseConvUnits
    from finn_build.dataflow.passes.insert_duplicates import InsertDuplicates
    from finn_build.dataflow.passes.lower_to_streams import LowerToStreams
    from finn_build.dataflow.passes.set_folding import SetFolding
    from finn_build.frontend.export import export_qonnx
    from finn_build.frontend.import_qonnx import import_qonnx
    from finn_build.frontend.integers import to_integers

    net = build_model("binary_rescnn_w1a1").eval()
    path = export_qonnx(net, tmp_path_factory.mktemp("net") / "net.onnx", (1, 1, 64, 64))
    graph = to_integers(import_qonnx(path)).model.transform(LowerToStreams()).transform(FuseConvUnits())
    return graph.transform(InsertDuplicates()).transform(SetFolding(40_000))


def _area(model: ModelWrapper) -> tuple[int, int]:
    areas = [getCustomOp(n).resources() for n in model.graph.node]
    return sum(a.lut for a in areas), sum(a.bram18 for a in areas)


def test_blocks_are_freed_for_luts(model: ModelWrapper) -> None:
    luts, blocks = _area(model)
    after_luts, after_blocks = _area(model.transform(PlaceMemories(MANY, blocks - 2)))
    assert after_blocks <= blocks - 2 and after_luts > luts


def test_luts_are_freed_for_blocks(model: ModelWrapper) -> None:
    luts, blocks = _area(model)
    after_luts, after_blocks = _area(model.transform(PlaceMemories(luts - 100, MANY)))
    assert after_luts <= luts - 100 and after_blocks > blocks


def _changed(before: ModelWrapper, after: ModelWrapper) -> list[str]:
    pairs = zip(before.graph.node, after.graph.node, strict=True)
    return [a.name for a, b in pairs if a.SerializeToString() != b.SerializeToString()]


@pytest.mark.parametrize("scarce", [0, 1])
def test_no_more_is_moved_than_it_takes(model: ModelWrapper, scarce: int) -> None:
    """One op for a little of what is scarce, and for all that this op frees; its price is one of those listed."""
    area = _area(model)

    def freeing(amount: int) -> ModelWrapper:
        limits = [MANY, MANY]
        limits[scarce] = area[scarce] - amount
        return model.transform(PlaceMemories(*limits))

    (first,) = _changed(model, freeing(1))
    op = getCustomOp(freeing(1).get_node_from_name(first))
    assert op.attr("bramPrice") in ((170, 140, 110, 80, 50), (200, 215, 235, 260, 300, 400))[scarce]
    freed = area[scarce] - _area(freeing(1))[scarce]
    assert op.attr("lutsPerBram18") == 190 and _changed(model, freeing(freed)) == [first]
    assert len(_changed(model, freeing(freed + 1))) == 2


def test_what_fits_stays(model: ModelWrapper) -> None:
    for limits in ((MANY, MANY), _area(model)):
        after = model.transform(PlaceMemories(*limits))
        assert [n.SerializeToString() for n in after.graph.node] == [n.SerializeToString() for n in model.graph.node]


@pytest.mark.parametrize(("uram", "style"), [(3, "ultra"), (2, "auto"), (0, "auto")])
def test_deep_fifos_go_to_ultraram_as_far_as_there_is_any(uram: int, style: str) -> None:
    """9,000 words of 64 bits take three."""
    shape = [1, 64, 64, 32]
    fifo = helper.make_node(
        "StreamFIFO_rtl", ["x"], ["y"], name="FIFO_0", domain=DOMAIN, backend="fpgadataflow", shape=shape, lanes=16,
        dataType="UINT4", depth=9000,
    )  # fmt: skip
    ends = [helper.make_tensor_value_info(name, 1, shape) for name in "xy"]
    model = ModelWrapper(qonnx_make_model(helper.make_graph([fifo], "fifo", ends[:1], ends[1:])))
    placed = getCustomOp(model.transform(PlaceMemories(MANY, MANY, uram)).graph.node[0])
    assert placed.attr("ram_style") == style
    assert placed.resources().uram == (3 if style == "ultra" else 0)


def test_what_frees_the_most_goes_to_ultraram_first() -> None:
    """Of 4,000, 9,000 and 2,000 words of 64 bits, which take one, three and one."""
    for uram, styles in ((3, "a u a"), (4, "u u a"), (5, "u u u"), (2, "u a u"), (1, "u a a")):
        placed = _skips([4000, 9000, 2000]).transform(PlaceMemories(MANY, MANY, uram))
        assert " ".join(getCustomOp(n).attr("ram_style")[0] for n in placed.graph.node) == styles


def test_rows_have_what_ultraram_the_fifos_leave() -> None:
    """A FIFO that takes three comes before a window that takes one."""
    for uram, style in ((3, "auto"), (4, "ultra")):
        fifo, window = _skips([9000]).graph.node[0], _window("UINT8", 512).graph.node[0]
        window.input[0] = fifo.output[0]
        fifo.output[0] = window.input[0]
        getCustomOp(fifo).set_nodeattr("shape", [1, 28, 28, 512])
        getCustomOp(fifo).set_nodeattr("lanes", 16)
        ends = [helper.make_tensor_value_info(t, 1, [1, 28, 28, n * 512]) for t, n in (("t0", 1), ("y", 9))]
        graph = helper.make_graph([fifo, window], "both", ends[:1], ends[1:])
        placed = ModelWrapper(qonnx_make_model(graph)).transform(PlaceMemories(MANY, 0, uram))
        assert [getCustomOp(n).attr("ram_style") for n in placed.graph.node] == ["ultra", style]


@pytest.mark.parametrize(
    ("dtype", "channels", "blocks", "uram", "style"),
    [
        ("UINT8", 512, 16, 1, "auto"),
        ("UINT8", 512, 15, 1, "ultra"),
        ("UINT8", 512, 15, 0, "auto"),
        ("UINT8", 64, 1, 1, "auto"),
        ("BIPOLAR", 4096, 15, 1, "auto"),
    ],
    ids=["fits", "does not fit", "none on the chip", "saves too little", "padded with ones"],
)
def test_rows_of_windows_go_to_ultraram_where_it_takes_that_to_fit(
    dtype: str, channels: int, blocks: int, uram: int, style: str
) -> None:
    placed = getCustomOp(_window(dtype, channels).transform(PlaceMemories(MANY, blocks, uram)).graph.node[0])
    assert placed.attr("ram_style") == style
    area = placed.resources()
    assert (area.bram18, area.uram) == (0, 1) if style == "ultra" else area.bram18 and not area.uram


def test_memories_of_ops_that_have_no_ultraram_stay() -> None:
    pool = helper.make_node(
        "StreamPool_rtl", ["x"], ["y"], name="Pool_0", domain=DOMAIN, backend="fpgadataflow", IFMDim=[28, 28],
        IFMChannels=512, KernelDim=[3, 3], Padding=[1, 1, 1, 1], Stride=[1, 1], PE=8, inputDataType="UINT8",
        Function="max",
    )  # fmt: skip
    ends = [helper.make_tensor_value_info(t, 1, [1, 28, 28, 512]) for t in "xy"]
    model = ModelWrapper(qonnx_make_model(helper.make_graph([pool], "pool", ends[:1], ends[1:])))
    assert getCustomOp(pool).resources().bram18 >= 16
    assert getCustomOp(model.transform(PlaceMemories(MANY, 0, 9)).graph.node[0]).attr("ram_style") != "ultra"


def _window(dtype: str, channels: int) -> ModelWrapper:
    """A window that keeps 3,776 words of 64 bits of 512 channels of UINT8: one UltraRAM, or 16 RAMB18."""
    lanes = 64 // (8 if dtype == "UINT8" else 1)
    swg = helper.make_node(
        "SWG_rtl", ["x"], ["y"], name="SWG_0", domain=DOMAIN, backend="fpgadataflow", IFMDim=[28, 28],
        IFMChannels=channels, KernelDim=[3, 3], Padding=[1, 1, 1, 1], SIMD=lanes, inputDataType=dtype,
    )  # fmt: skip
    ends = [helper.make_tensor_value_info(t, 1, [1, 28, 28, n * channels]) for t, n in (("x", 1), ("y", 9))]
    return ModelWrapper(qonnx_make_model(helper.make_graph([swg], "window", ends[:1], ends[1:])))


def _skips(depths: list[int]) -> ModelWrapper:
    """A chain of skips' FIFOs of 64 bits, all in block RAM."""
    shape = [1, 64, 64, 32]
    nodes = [
        helper.make_node(
            "StreamFIFO_rtl", [f"t{i}"], [f"t{i + 1}"], name=f"FIFO_{i}", domain=DOMAIN, backend="fpgadataflow",
            shape=shape, lanes=16, dataType="UINT4", depth=depth, leastDepth=depth,
        )
        for i, depth in enumerate(depths)
    ]  # fmt: skip
    ends = [helper.make_tensor_value_info(f"t{i}", 1, shape) for i in (0, len(depths))]
    return ModelWrapper(qonnx_make_model(helper.make_graph(nodes, "skips", ends[:1], ends[1:])))


@pytest.mark.parametrize(("blocks", "moved"), [(60, ""), (59, "1"), (24, "1"), (23, "01"), (0, "012")])
def test_as_few_skips_as_it_takes_go_to_the_boards_memory(blocks: int, moved: str) -> None:
    """The deepest first; LUTs are too few to hold one of them."""
    model = _skips([4000, 9000, 2000])
    assert [getCustomOp(n).resources().bram18 for n in model.graph.node] == [16, 36, 8]
    placed = model.transform(PlaceMemories(3000, blocks, 0, "auto"))
    styles = {n.name[-1]: getCustomOp(n).attr("ram_style") for n in placed.graph.node}
    assert "".join(sorted(n for n, style in styles.items() if style == "ddr")) == moved


def test_the_shell_has_room_for_so_many_skips() -> None:
    """Of 16 streams two are the image's and the result's; a skip takes two."""
    model = _skips([40] * 9)
    names = [n.name for n in model.graph.node]
    room = (MAX_STREAMS - 2) // 2
    placed = model.transform(PlaceMemories(MANY, MANY, 0, names[:room]))
    assert [getCustomOp(n).attr("ram_style") == "ddr" for n in placed.graph.node] == [k < room for k in range(9)]
    with pytest.raises(ConfigError, match=f"^ddr_skips: {room + 1} skips; the shell has room for {room}$"):
        model.transform(PlaceMemories(MANY, MANY, 0, names[: room + 1]))
    with pytest.raises(ConfigError, match=r"^ddr_skips: no skip is called gone; legal: FIFO_0, FIFO_1"):
        model.transform(PlaceMemories(MANY, MANY, 0, ["gone"]))


def test_other_fifos_than_skips_stay_on_the_chip() -> None:
    model = _skips([9000])
    getCustomOp(model.graph.node[0]).set_nodeattr("leastDepth", 0)
    placed = model.transform(PlaceMemories(3000, 0, 0, "auto"))
    assert getCustomOp(placed.graph.node[0]).attr("ram_style") != "ddr"


def test_values_stay(tmp_path: Path) -> None:
    before = lowered(tmp_path, bits=1)
    assert np.array_equal(execute(before, frame()), execute(before.transform(PlaceMemories(0, MANY)), frame()))
