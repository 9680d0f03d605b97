"""Level 0 of an ONNX file: ONNX Runtime runs the whole of it, where level 1 executes node by node what was imported."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
from onnx import NodeProto, TensorProto, helper, numpy_helper

from finn_build.errors import GateError
from finn_build.frontend.integers import IntegerNetwork
from finn_build.frontend.onnx_file import first_line, read_onnx
from finn_build.frontend.pixels_of_bytes import PIXELS
from finn_build.proof.last_sums import settle
from finn_build.proof.levels import Values, channels_last, integers_of, output_of
from finn_build.proof.rounding import EDGE, may_be_rounded, told

_MADE = "{} as it is made"
_LEVEL = "level 0 (ONNX Runtime on the whole file)"
_STANDARD = ("", "ai.onnx")  # domains that ONNX Runtime executes


def whole_file_values(
    path: Path | None, network: IntegerNetwork, images: np.ndarray, reference: Values
) -> tuple[Values, str]:
    """Every integer tensor and output that a file names, as the whole of it gives them; then what is to be said of it.

    Args:
        path: the file; None, or one of QONNX' own quantizers, gives no values.
        network: what became of it.
        images: float32 [frames, C, H, W].
        reference: level 1.
    """
    proto = read_onnx(path) if path else None
    if proto is None or any(node.domain not in _STANDARD for node in proto.graph.node):
        return {}, "level 0 (PyTorch): the network came as a QONNX file; level 1 is the reference"
    run = _WholeFile(proto, network)
    try:
        values = run.values(images, reference)
    except ValueError as error:
        raise GateError(f"the gate failed at {_LEVEL}: {error}") from error
    except Exception as error:  # of ONNX Runtime, by many types
        return {}, f"{_LEVEL}: {first_line(error)}"
    return values, told(_LEVEL, run.rounded, run.compared)


class _WholeFile:
    """An ONNX file, run unoptimized, frame by frame.

    With a scale that is no power of two float32 sums carry rounding noise, and the quantizer of one that lies between
    two levels may give either. Such a level is taken for equal to level 1, and what follows is compared as if it were:
    the file runs again, every quantized tensor as level 1 has it.

    Attributes:
        rounded, compared: integers that were so taken, and all that were compared.
    """

    def __init__(self, proto: onnx.ModelProto, network: IntegerNetwork):
        """Args: `proto`, the file; `network`, what became of it."""
        self.proto, self.network = proto, network
        self.rounded = self.compared = 0
        graph = proto.graph
        self.makers = {name: node for node in graph.node for name in node.output}
        self.constants = {tensor.name: tensor for tensor in graph.initializer}
        self.image = next(value for value in graph.input if value.name not in self.constants)
        self.constants |= {n.output[0]: n.attribute[0].t for n in graph.node if n.op_type == "Constant"}
        taps = (n for n, t in network.tensors.items() if n in self.makers and t.points is None)
        self.taps = dict.fromkeys([*taps, *network.tails])
        found = {name: self._quantizer(name) for name in self.taps}
        self.quantizers = {name: node for name, node in found.items() if node is not None}

    def values(self, images: np.ndarray, reference: Values) -> Values:
        """Every integer tensor and output that the file names.

        Args:
            images: float32 [frames, C, H, W].
            reference: level 1.
        """
        whole = _session(self.proto, self.taps, {})
        frames = []
        for index, image in enumerate(images):
            wanted = {name: value[index : index + 1] for name, value in reference.items()}
            found = self._integers(self._run(whole, image, {}), wanted)
            if any(not np.array_equal(found[n], wanted[n]) for n in self.quantizers.keys() & wanted.keys()):
                found = self._from_levels(image, wanted)
            frames.append(found)
            self.compared += sum(v.size for n, v in found.items() if n in wanted)
        together = {name: np.concatenate([frame[name] for frame in frames]) for name in frames[0]}
        self.rounded += settle(self.network, together, reference)
        return together

    def _from_levels(self, image: np.ndarray, wanted: Values) -> Values:
        """Every layer fed with what level 1 has before it; what float32 alone rounds to another level is corrected."""
        known = [name for name in self.quantizers if name in wanted]
        fed = {n: self.network.tensors[n].to_float(np.moveaxis(wanted[n], -1, 1)) for n in known}
        read = [node.input[0] for node in self.quantizers.values()]
        given = self._run(_session(self.proto, [*self.taps, *read], fed), image, fed)
        found = self._integers(given, wanted)
        for name in known:
            other = np.argwhere(found[name] != wanted[name])
            if may_be_rounded(len(other), wanted[name].size):
                at = tuple(other.T)
                edge = channels_last(self._from_edge(self.quantizers[name], given))
                if np.all(edge[at] < EDGE) and np.all(np.abs(found[name] - wanted[name])[at] == 1):
                    found[name], self.rounded = wanted[name], self.rounded + len(other)
        return found

    def _quantizer(self, tensor: str) -> NodeProto | None:
        """The QuantizeLinear of a DequantizeLinear that makes a tensor, at most a Clip between."""
        node = self.makers[tensor]
        while node.op_type in ("DequantizeLinear", "Clip", "Identity") and node.input[0] in self.makers:
            node = self.makers[node.input[0]]
        own = self.makers[tensor].op_type == "DequantizeLinear" and node.op_type == "QuantizeLinear"
        return node if own and tensor in self.network.tensors and node.input[1] in self.constants else None

    def _from_edge(self, quantizer: NodeProto, given: Values) -> np.ndarray:
        """How far values that enter a quantizer are from the edge between two levels, in steps."""
        values, scale = given[quantizer.input[0]], numpy_helper.to_array(self.constants[quantizer.input[1]])
        axis = next((a.i for a in quantizer.attribute if a.name == "axis"), 1) % values.ndim
        steps = values / (scale.reshape(-1, *(1,) * (values.ndim - 1 - axis)) if scale.size > 1 else scale.reshape(()))
        return np.asarray(np.abs(steps - np.floor(steps) - 0.5))

    def _run(self, session: ort.InferenceSession, image: np.ndarray, fed: Values) -> Values:
        """One frame, as often as the file's batch wants it."""
        batch = max(1, self.image.type.tensor_type.shape.dim[0].dim_value)
        if self.image.type.tensor_type.elem_type == TensorProto.UINT8:
            image = np.rint(image * PIXELS).astype(np.uint8)
        inputs = {name: value.repeat(batch, axis=0) for name, value in {self.image.name: image[None], **fed}.items()}
        names = [value.name for value in session.get_outputs()]
        made = dict(zip(names, session.run(names, inputs), strict=True))
        made = {n: made.get(_MADE.format(n), made.get(n)) for n in (*self.taps, *made)}
        return {name: value[: len(value) // batch] if value.ndim else value for name, value in made.items()}

    def _integers(self, given: Values, wanted: Values) -> Values:
        """What the gate compares of floats."""
        found: Values = {}
        for name in self.taps:
            if name in self.network.tensors:
                found[name] = integers_of(self.network, name, given[name], wanted)
            if name in self.network.tails:
                found |= output_of(self.network, name, given[name], wanted)
        return found


def _session(proto: onnx.ModelProto, outputs: Collection[str], fed: Mapping[str, object]) -> ort.InferenceSession:
    """The file with these outputs; tensors that are fed become inputs, what makes them an output."""
    model = onnx.ModelProto()
    model.CopyFrom(proto)
    for node in model.graph.node:
        node.output[:] = [_MADE.format(name) if name in fed else name for name in node.output]
    model.graph.input.extend(helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in fed)
    del model.graph.output[:]
    wanted = dict.fromkeys(_MADE.format(name) if name in fed else name for name in outputs)
    model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in wanted)
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
