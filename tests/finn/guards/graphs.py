"""Builder of small integer graphs (NCHW, standard ops, annotated datatypes) for the tests of the passes."""

from collections.abc import Sequence

import numpy as np
from onnx import TensorProto, helper
from qonnx.core.datatype import DataType
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.core.onnx_exec import execute_onnx
from qonnx.transformation.general import GiveUniqueNodeNames
from qonnx.transformation.infer_datatypes import InferDataTypes
from qonnx.transformation.infer_shapes import InferShapes
from qonnx.util.basic import gen_finn_dt_tensor, qonnx_make_model


class IntegerGraph:
    """Grows a chain or a fork of integer ops; every method takes and returns tensor names."""

    def __init__(self, shape: Sequence[int], datatype: str, seed: int) -> None:
        print(f"seed {seed}")
        self.rng = np.random.default_rng(seed)
        np.random.seed(seed)  # gen_finn_dt_tensor draws from NumPy's global generator
        self.shape, self.datatype = list(shape), DataType[datatype]
        self._nodes: list = []
        self._weights: dict[str, tuple[np.ndarray, DataType]] = {}
        self._count = 0

    def _node(self, op: str, inputs: Sequence[str], **attributes: object) -> str:
        self._count += 1
        output = f"t{self._count}"
        self._nodes.append(helper.make_node(op, list(inputs), [output], **attributes))
        return output

    def _constant(self, values: np.ndarray, datatype: str) -> str:
        name = f"c{len(self._weights)}"
        self._weights[name] = (values.astype(np.int64 if datatype == "INT64" else np.float32), DataType[datatype])
        return name

    def weights(self, shape: Sequence[int], datatype: str) -> np.ndarray:
        return gen_finn_dt_tensor(DataType[datatype], list(shape)).astype(np.float32)

    def conv(
        self, x: str, cin: int, cout: int, k: int = 3, stride: int = 1, pad: int = 0, weights: str = "BIPOLAR"
    ) -> str:
        w = self._constant(self.weights([cout, cin, k, k], weights), weights)
        window = {"kernel_shape": [k, k], "strides": [stride] * 2, "pads": [pad] * 4}
        return self._node("Conv", [x, w], **window, group=1, dilations=[1, 1])

    def dense(self, x: str, n_in: int, n_out: int, weights: str = "BIPOLAR") -> str:
        return self._node("MatMul", [x, self._constant(self.weights([n_in, n_out], weights), weights)])

    def steps(self, x: str, channels: int, datatype: str, reach: int, layout: str = "NCHW") -> str:
        """MultiThreshold with sorted integer thresholds drawn from -reach..reach, one row per channel."""
        odt = DataType[datatype]
        count = 1 if datatype == "BIPOLAR" else int(odt.max() - odt.min())
        rows = np.sort(self.rng.integers(-reach, reach + 1, (channels, count)), axis=1)
        scale, bias = (2.0, -1.0) if datatype == "BIPOLAR" else (1.0, float(odt.min()))
        attributes = {"out_dtype": datatype, "out_scale": scale, "out_bias": bias, "data_layout": layout}
        inputs = [x, self._constant(rows, "INT16")]
        return self._node("MultiThreshold", inputs, domain="qonnx.custom_op.general", **attributes)

    def max_pool(self, x: str, k: int = 2) -> str:
        return self._node("MaxPool", [x], kernel_shape=[k, k], strides=[k, k], pads=[0] * 4)

    def add(self, x: str, y: str) -> str:
        return self._node("Add", [x, y])

    def channels(self, x: str, picked: Sequence[int]) -> str:
        """Some channels, in the order given."""
        return self._node("Gather", [x, self._constant(np.asarray(picked), "INT64")], axis=1)

    def concat(self, *parts: str) -> str:
        return self._node("Concat", list(parts), axis=1)

    def constant_op(self, op: str, x: str, values: np.ndarray | float) -> str:
        return self._node(op, [x, self._constant(np.asarray(values), "FLOAT32")])

    def transpose(self, x: str, perm: Sequence[int]) -> str:
        return self._node("Transpose", [x], perm=list(perm))

    def flatten(self, x: str) -> str:
        return self._node("Flatten", [x], axis=1)

    def node(self, op: str, inputs: Sequence[str], **attributes: object) -> str:
        return self._node(op, inputs, **attributes)

    def model(self, *outputs: str) -> ModelWrapper:
        """Close the graph: input `x`, the outputs named, shapes and datatypes inferred."""
        x = helper.make_tensor_value_info("x", TensorProto.FLOAT, self.shape)
        labels = {node.output[0] for node in self._nodes if node.op_type == "ArgMax"}
        ends = [
            helper.make_tensor_value_info(n, TensorProto.INT64 if n in labels else TensorProto.FLOAT, None)
            for n in outputs
        ]
        model = ModelWrapper(qonnx_make_model(helper.make_graph(self._nodes, "integer", [x], ends)))
        for name, (values, datatype) in self._weights.items():
            model.set_initializer(name, values)
            model.set_tensor_datatype(name, datatype)
        model.set_tensor_datatype("x", self.datatype)
        return model.transform(InferShapes()).transform(InferDataTypes()).transform(GiveUniqueNodeNames())

    def sample(self) -> np.ndarray:
        """Random legal input."""
        return gen_finn_dt_tensor(self.datatype, self.shape).astype(np.float32)


def run(model: ModelWrapper, x: np.ndarray) -> list[np.ndarray]:
    """Python execution of every output of a graph, in order."""
    context = execute_onnx(model, {model.graph.input[0].name: x}, return_full_exec_context=True)
    return [context[output.name] for output in model.graph.output]


def same(model: ModelWrapper, reference: ModelWrapper, x: np.ndarray) -> bool:
    """Whether two graphs give the same integers at every output."""
    pairs = zip(run(model, x), run(reference, x), strict=True)
    return all(np.array_equal(a, b) for a, b in pairs)
