"""The C++ of one process: memories, constants and functions of a node."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jinja2
from onnx import NodeProto
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp

from finn_build.hls.kernel import Kernel, Loop, Memory
from finn_build.hls.ops import KERNELS
from finn_build.hls.streams import Call, Channel

HLS_DIR = Path(__file__).resolve().parent
ENVIRONMENT = jinja2.Environment(
    loader=jinja2.FileSystemLoader(HLS_DIR),
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
    undefined=jinja2.StrictUndefined,
)
ENVIRONMENT.tests["number"] = lambda value: isinstance(value, int)


class Process:
    """The function of one node."""

    def __init__(self, node: NodeProto, model: ModelWrapper):
        op = getCustomOp(node)
        self.node, self.name = node, node.name
        self.kernel: Kernel = KERNELS[node.op_type](op, model)
        self.ins = {f"in{i}": s.width for i, s in enumerate(op.streams_in())}
        self.outs = {f"out{i}": s.width for i, s in enumerate(op.streams_out())}
        self.widths = self.ins | self.outs | {s.name: s.bits for s in self.kernel.inner}
        self.arrays = {array.name: array.bits for loop in self.kernel.loops for array in loop.arrays}
        self.declared = _declared(self.ins | self.outs)

    def call(self, channels: dict[str, Channel]) -> Call:
        """The process in the top."""
        ins = [channels[t].name for t in self.node.input[: len(self.ins)]]
        outs = [channels[t].name for t in self.node.output]
        return Call(self.name, ", ".join((*ins, *outs)), ins, outs)

    def source(self) -> str:
        """Memories, constants and functions."""
        return ENVIRONMENT.get_template("process.cpp.j2").render(
            node=self.name,
            op=self.node.op_type.removesuffix("_rtl"),
            kernel=self.kernel,
            readers=_readers(self.name, self.kernel.memories),
            loops=[self._loop(loop) for loop in self.kernel.loops],
            declared=self.declared,
        )

    def _loop(self, loop: Loop) -> dict[str, Any]:
        groups = {"ins": list(self.ins), "outs": list(self.outs)}
        names = [name for argument in loop.arguments for name in groups.get(argument, [argument])]
        single = len(self.kernel.loops) == 1
        return {
            "name": self.name if single else f"{self.name}_{loop.function.partition('_')[2]}",
            "function": loop.function,
            "declared": self.declared if single else _declared({name: self.widths[name] for name in names}),
            "passed": ", ".join([*names, *(array.name for array in loop.arrays)]),
            "handed": ", ".join(names),
            "arrays": loop.arrays,
            "memories": [m for m in self.kernel.memories if m.name in loop.memories],
        }


def _declared(streams: dict[str, int]) -> str:
    return ", ".join(f"sf::Stream<{bits}>& {name}" for name, bits in streams.items())


def _readers(node: str, memories: Sequence[Memory]) -> list[str]:
    """Functions that read memories; those of a name are one, chosen by stage, a constant once the loop is unrolled."""
    named: dict[str, list[Memory]] = {}
    for memory in memories:
        named.setdefault(memory.name, []).append(memory)
    lines = []
    for name, parts in named.items():
        numbers = parts[0].offset is not None
        word = "int" if numbers else f"sf::Word<{max(m.width for m in parts)}>"
        reads = [
            f"{word}(sf::read_rom<{m.width}>({node}_{m.array}, row, entry))" + (f" + {m.offset}" if numbers else "")
            for m in parts
        ]
        if parts[0].stage is None:
            lines.append(f"static {word} {name}(int row, int entry) {{ return {reads[0]}; }}")
            continue
        *others, last = reads
        choice = "".join(f"stage == {m.stage} ? {r} : " for m, r in zip(parts, others, strict=False))
        lines.append(f"static {word} {name}(int stage, int row, int entry) {{ return {choice}{last}; }}")
    return lines
