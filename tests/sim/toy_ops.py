"""Small ops with their own RTL, so that simulator and stitcher are tested without the RTL library."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from finn.custom_op.fpgadataflow.rtl import register_custom_op
from onnx import helper
from qonnx.core.datatype import DataType
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.util.basic import qonnx_make_model

from finn_build.dataflow.ops.base import DOMAIN, StreamOp
from finn_build.dataflow.stream import Resources, Stream, sizes

_RTL = Path(__file__).parent / "rtl"


class _ToyOp(StreamOp):
    traits = frozenset()
    lane_sizes = sizes()
    ram_styles = ()
    ports: ClassVar[tuple[int, int]] = (1, 1)

    @classmethod
    def own_attributes(cls) -> dict[str, Any]:
        return {
            "shape": ("ints", True, []),
            "lanes": ("i", True, 1),
            "dataType": ("s", True, ""),
            "value": ("i", False, 0),
        }

    def _stream(self) -> Stream:
        return Stream(tuple(self.attr("shape")), self.attr("lanes"), DataType[self.attr("dataType")])

    def streams_in(self) -> list[Stream]:
        return [self._stream()] * self.ports[0]

    def streams_out(self) -> list[Stream]:
        return [self._stream()] * self.ports[1]

    def get_exp_cycles(self) -> int:
        return self._stream().beats

    def resources(self) -> Resources:
        return Resources()

    def compute(self, *operands: np.ndarray) -> tuple[np.ndarray, ...]:
        return operands[:1] * self.ports[1]


def _toy(module: str, **members: Any) -> None:
    """Register `Toy<Module>_rtl` around toy_<module>.sv."""
    body = {"rtl_module": f"toy_{module}", "rtl_sources": (str(_RTL / f"toy_{module}.sv"),), "__module__": __name__}
    register_custom_op(type(f"Toy{module.capitalize()}_rtl", (_ToyOp,), body | members))


def _wrap(total: np.ndarray, op: _ToyOp) -> np.ndarray:
    dtype = op._stream().dtype
    low, span = int(dtype.min()), 1 << dtype.bitwidth()
    return (total - low) % span + low


_toy(
    "add",
    rtl_parameters=lambda self: {
        "LANES": self.attr("lanes"),
        "BITS": self._stream().dtype.bitwidth(),
        "ADDEND_FILE": f"{self.onnx_node.name}_addend.mem",
    },
    memory_files=lambda self, model: {f"{self.onnx_node.name}_addend.mem": [f"{self.attr('value'):x}"]},
    compute=lambda self, x: (_wrap(x + self.attr("value"), self),),
)
_toy(
    "join",
    ports=(2, 1),
    rtl_parameters=lambda self: {
        "LANES": self.attr("lanes"),
        "BITS": self._stream().dtype.bitwidth(),
        "DELAY": self.attr("value"),
    },
    compute=lambda self, a, b: (_wrap(a + b, self),),
)
_toy("fork", ports=(1, 2), rtl_parameters=lambda self: {"WIDTH": self._stream().width})
_toy("fifo", rtl_parameters=lambda self: {"WIDTH": self._stream().width, "DEPTH": self.attr("value")})
_toy("rude", rtl_parameters=lambda self: {"WIDTH": self._stream().width, "FAULT": self.attr("value")})


def toy_model(
    stream: Stream,
    nodes: list[tuple[str, list[str], list[str], int]],
    inputs: tuple[str, ...] = ("in",),
    outputs: tuple[str, ...] = ("out",),
) -> ModelWrapper:
    """Graph of toy ops: (kind, inputs, outputs, value) each, named <kind>_<position>, all tensors alike."""
    made = [
        helper.make_node(
            f"Toy{kind.capitalize()}_rtl",
            sources,
            targets,
            name=f"{kind}_{i}",
            domain=DOMAIN,
            backend="fpgadataflow",
            shape=list(stream.shape),
            lanes=stream.lanes,
            dataType=stream.dtype.name,
            value=value,
        )
        for i, (kind, sources, targets, value) in enumerate(nodes)
    ]
    tensors = dict.fromkeys(name for _, sources, targets, _ in nodes for name in (*sources, *targets))
    info = {name: helper.make_tensor_value_info(name, 1, list(stream.shape)) for name in tensors}
    graph = helper.make_graph(
        made,
        "toys",
        [info[name] for name in inputs],
        [info[name] for name in outputs],
        value_info=[info[name] for name in tensors if name not in (*inputs, *outputs)],
    )
    model = ModelWrapper(qonnx_make_model(graph))
    for name in tensors:
        model.set_tensor_datatype(name, stream.dtype)
    return model
