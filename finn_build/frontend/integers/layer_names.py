"""Names of layers as the user knows them."""

import re

from onnx import NodeProto

_BREVITAS_INTERNALS = ("act_quant", "weight_quant", "bias_quant", "export_handler", "tensor_quant")


def layer_name(node: NodeProto) -> str:
    """Module path recorded by torch's exporter (`conv_features.1`), else the node's own name, else its output's.

    Nodes of the graphs made here carry the name of the layer they come from in `doc_string`.
    """
    recorded = next((p.value for p in node.metadata_props if p.key == "pkg.torch.onnx.name_scopes"), None)
    if recorded:  # torch.export: ['', 'features.1', 'features.1.act_quant', 'conv2d']
        modules = [s for s in re.findall(r"'([^']*)'", recorded)[1:-1] if not s.endswith(_BREVITAS_INTERNALS)]
        return str(modules[-1]) if modules else node.name
    if node.name.startswith("/"):  # TorchScript: /stages.0/stages.0.1/conv/act_quant/Conv
        path = ""
        for scope in node.name.split("/")[1:-1]:
            if not scope.startswith(_BREVITAS_INTERNALS):
                path = scope if scope.startswith(path + ".") or not path else f"{path}.{scope}"
        return path or node.name
    return node.doc_string or node.name or next(iter(node.output), node.op_type)
