"""Transposes that do nothing."""

from qonnx.core.modelwrapper import ModelWrapper
from qonnx.transformation.base import Transformation
from qonnx.util.basic import get_by_name


class RemoveIdentityTransposes(Transformation):
    """Transpose whose `perm` is 0, 1, 2, ... -> nothing.

    FINN's RemoveIdentityTranspose compares `perm` with the rank of the input's shape and raises TypeError
    where that shape is not annotated; `perm` alone decides. A Transpose without `perm` reverses the axes and
    stays, and so does one whose output is a graph output.

    Shapes: unchanged, and not needed.

    Source: FINN_NOTES.md, silent bugs, last paragraph.
    """

    def apply(self, model: ModelWrapper) -> tuple[ModelWrapper, bool]:
        """Remove every identity that is not the only name of a graph output."""
        outputs = {output.name for output in model.graph.output}
        for node in [n for n in model.graph.node if n.op_type == "Transpose"]:
            perm = get_by_name(node.attribute, "perm")
            if perm is None or list(perm.ints) != list(range(len(perm.ints))) or node.output[0] in outputs:
                continue
            for reader in model.find_consumers(node.output[0]):
                for position, name in enumerate(reader.input):
                    if name == node.output[0]:
                        reader.input[position] = node.input[0]
            model.graph.node.remove(node)
        return model, False
