"""What cannot be C++ is said before any is written."""

from copy import copy
from pathlib import Path

import pytest

from finn_build.config import load_board
from finn_build.errors import UnsupportedModelError
from finn_build.hls.design import write_hls
from finn_build.hls.ops import KERNELS
from finn_build.pipeline import STEPS_HLS
from finn_build.state import Build
from tests.dataflow.ops.op_case import OpBench, OpCase
from tests.dataflow.ops.test_mvau import mvau


def _bench(elements: int, lanes: int) -> OpBench:
    attributes = {"shape": [1, elements], "inLanes": 1, "outLanes": lanes, "dataType": "UINT8"}
    return OpBench("StreamDWC_rtl", [OpCase(attributes, lambda x: x)])


def test_streams_wider_than_vitis_takes(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedModelError) as caught:
        write_hls(_bench(513, 513).model, tmp_path / "hls", load_board("pynq-z2"))
    assert str(caught.value) == (
        "Vitis HLS takes words of 4,096 bits at most: StreamDWC_rtl_0.out0: 4104 bits; give these ops fewer lanes "
        "(PE, SIMD) or build with --impl rtl"
    )
    assert not (tmp_path / "hls").exists()


def test_memories_of_more_parts_than_vitis_takes(tmp_path: Path) -> None:
    bench = OpBench("BitMVAU_rtl", [mvau("UINT2", "INT8", 64, 70, 64, 70)])
    with pytest.raises(UnsupportedModelError) as caught:
        write_hls(bench.model, tmp_path / "hls", load_board("pynq-z2"))
    assert str(caught.value) == (
        "Vitis HLS takes arrays of 1,024 parts at most: BitMVAU_rtl_0.weights: 4,480; give these ops fewer lanes "
        "(PE, SIMD) or build with --impl rtl"
    )


def test_ops_without_a_form(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(KERNELS, "StreamDWC_rtl")
    with pytest.raises(UnsupportedModelError, match=r"HLS has no form of StreamDWC_rtl_0 \(StreamDWC_rtl\);"):
        write_hls(_bench(4, 2).model, tmp_path / "hls", load_board("pynq-z2"))


def test_ops_without_a_form_are_listed_before_folding(built: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(KERNELS, "BitConv_rtl")
    monkeypatch.delitem(KERNELS, "BitMVAU_rtl")
    with pytest.raises(UnsupportedModelError, match=r"no form of MVAU_0 \(BitMVAU_rtl\), BitConv_0 \(BitConv_rtl\)"):
        next(s for s in STEPS_HLS if s.name == "lower").run(copy(built), lambda fraction: None)


def test_names_that_cannot_stand_in_code(tmp_path: Path) -> None:
    model = _bench(4, 2).model
    model.graph.node[0].name = "accelerator"
    with pytest.raises(UnsupportedModelError, match="unique names"):
        write_hls(model, tmp_path / "hls", load_board("pynq-z2"))
