"""QONNX export, and the tensors at which every level of the build is compared with PyTorch.

The file carries two entries in its metadata: `signflow.taps`, JSON {tensor name: [module path, call index]}
for every activation quantizer call and every output of the graph, and `signflow.model`, JSON {name,
classes}.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import onnx
import torch
from brevitas.export.manager import _restore_act_caching_mode
from brevitas.export.onnx.qonnx.function import BrevitasQuantOp
from brevitas.export.onnx.qonnx.handler import BrevitasActQuantProxyHandler
from brevitas.export.onnx.qonnx.manager import QONNXManager
from brevitas.proxy import (
    ActQuantProxyFromInjector,
    DecoupledWeightQuantWithInputProxyFromInjector,
    WeightQuantProxyFromInjector,
)
from qonnx.core.modelwrapper import ModelWrapper
from torch import Tensor, nn

from brevitas_models.data.atomic import write_atomically
from finn_build.errors import DataError, UnsupportedModelError
from finn_build.frontend.fold_constants import FoldConstants
from finn_build.frontend.infer_shapes import InferShapes
from finn_build.frontend.tidy import Tidy

TAPS_KEY = "signflow.taps"
MODEL_KEY = "signflow.model"
OPSET = 13

Taps = dict[str, tuple[str, int]]
"""Tensor name in the ONNX file to (module path, call index); the graph's output has an empty path."""
Values = dict[str, np.ndarray]
_Calls = dict[tuple[str, int], Tensor]


class _ActHandler(BrevitasActQuantProxyHandler):
    """Brevitas makes every 1-bit quantizer a BipolarQuant; an unsigned one is {0, 1} and stays a Quant."""

    def prepare_for_export(self, module: nn.Module) -> None:
        super().prepare_for_export(module)
        if module.is_quant_enabled and not module.is_signed:
            self.quant_op = BrevitasQuantOp


class _Manager(QONNXManager):
    run_onnx_passes = False  # they give constants random names, we keep the tracer's
    handlers: ClassVar[list[type]] = [
        _ActHandler,
        *(h for h in QONNXManager.handlers if h is not BrevitasActQuantProxyHandler),
    ]


def export_qonnx(
    model: nn.Module,
    path: str | Path,
    input_shape: Sequence[int],
    name: str | None = None,
    classes: Sequence[str] | None = None,
) -> Path:
    """Write `model` in eval mode as a QONNX file with shapes, taps, class names and model name.

    Args:
        model: a Brevitas network whose outputs are plain tensors.
        path: file to write; it appears complete or not at all.
        input_shape: [N, C, H, W] of the graph, N included.
        name: model name to record; a zoo model's own name where it is None.
        classes: class names to record, in the order of the logits; the model's own where it is None.

    Returns:
        The path written.

    Raises:
        UnsupportedModelError: the network cannot be traced, or its quantizers do not match the graph's.
    """
    graph, taps = _to_graph(model, input_shape)
    names = list(classes if classes is not None else getattr(model, "classes", ()))
    described = {"name": name or getattr(model, "name", type(model).__name__), "classes": names}
    graph.set_metadata_prop(TAPS_KEY, json.dumps(taps))
    graph.set_metadata_prop(MODEL_KEY, json.dumps(described))
    return write_atomically(path, lambda temporary: graph.save(str(temporary)))


def read_taps(source: str | Path | ModelWrapper) -> Taps:
    """The taps recorded in a file that `export_qonnx` wrote, or in the model read from it.

    Raises:
        DataError: there are none.
    """
    graph = source.graph if isinstance(source, ModelWrapper) else onnx.load(source).graph
    text = {each.key: each.value for each in graph.metadata_props}.get(TAPS_KEY)
    if text is None:
        raise DataError(
            f"{source}: no '{TAPS_KEY}' in its metadata; write it with finn_build.frontend.export.export_qonnx"
        )
    return {tensor: (module, call) for tensor, (module, call) in json.loads(text).items()}


def tapped(model: nn.Module, images: np.ndarray) -> Taps:
    """The taps that a file of the model would carry, which is traced for them."""
    return _to_graph(model, (1, *images.shape[1:]))[1]


def torch_taps(
    model: nn.Module, images: np.ndarray, taps: Taps | None = None, fed: Values | None = None,
    shifts: Values | None = None,
) -> Values:  # fmt: skip
    """What PyTorch computes at every tap, in eval mode.

    Args:
        model: the network that was exported.
        images: float32 batch.
        taps: from `read_taps`; None traces the model again to find the tensor names.
        fed: what quantizers give to what follows, by their tensors, in place of what they compute.
        shifts: what is added to what quantizers read, likewise.

    Shapes:
        images [N, C, H, W]; each value [N, …] float32, keyed by tensor name in the ONNX file.

    Raises:
        UnsupportedModelError: the model's quantizer calls are not those of `taps`.
    """
    taps = tapped(model, images) if taps is None else taps
    of_calls = [
        {taps[n]: torch.from_numpy(v).to(_device(model)) for n, v in (values or {}).items()} for values in (fed, shifts)
    ]
    calls = _run_and_record(model, torch.from_numpy(np.ascontiguousarray(images, dtype=np.float32)), *of_calls)
    if {call for call in taps.values() if call[0]} != {call for call in calls if call[0]}:
        raise UnsupportedModelError("taps and model disagree: the ONNX file was exported from another network")
    return {tensor: calls[call].numpy() for tensor, call in taps.items()}


def _to_graph(model: nn.Module, input_shape: Sequence[int]) -> tuple[ModelWrapper, Taps]:
    """Trace the model; pair its quantizer calls with the graph's quantizer nodes, in execution order."""
    _require_weights_that_files_hold(model)
    image = torch.zeros(*input_shape, device=_device(model))
    calls = [call for call in _run_and_record(model, image) if call[0]]
    try:
        with _exporting(model):
            proto = _Manager.export(
                model,
                args=image,
                dynamo=False,
                opset_version=OPSET,
                input_names=["images"],
                output_names=["logits"],
                keep_initializers_as_inputs=False,
            )
    except (RuntimeError, torch.onnx.errors.OnnxExporterError) as error:
        raise UnsupportedModelError(f"{type(model).__name__}: cannot be traced to ONNX: {error}") from error
    executed = {name: k for k, node in enumerate(proto.graph.node) for name in node.output}  # qonnx sorts branches anew
    graph = ModelWrapper(proto, fix_missing_initializer_valueinfo=False)
    for step in (InferShapes(), FoldConstants(), InferShapes(), Tidy()):  # amounts of a Pad may be what was folded
        graph = graph.transform(step, make_deepcopy=False, cleanup=False)
    _copy_shared_constants(graph.graph)
    tensors = sorted((node.output[0] for node in _act_quant_nodes(graph.graph)), key=executed.__getitem__)
    if len(tensors) != len(calls):
        raise UnsupportedModelError(
            f"{type(model).__name__}: {len(calls)} activation quantizer calls, {len(tensors)} in the graph; "
            "every quantizer's output must be used"
        )
    taps: Taps = dict(zip(tensors, calls, strict=True))
    for index, output in enumerate(graph.graph.output):
        taps.setdefault(output.name, ("", index))  # a quantizer may give an output
    return graph, taps


@contextmanager
def _exporting(model: nn.Module) -> Iterator[None]:
    """An export, after which the network is as it was, whether it failed or not: it runs, and can be exported again."""
    for module in model.modules():
        if isinstance(module, ActQuantProxyFromInjector):
            module.export_handler = None  # Brevitas keeps the handler of an earlier export by other means
    was_training = model.training
    try:
        yield
    finally:
        _Manager.set_export_mode(model, enabled=False)
        model.apply(_restore_act_caching_mode)
        model.train(was_training)


def _require_weights_that_files_hold(model: nn.Module) -> None:
    """Raise UnsupportedModelError where Brevitas would write other weights than the network has."""
    for name, proxy in model.named_modules():
        if not isinstance(proxy, WeightQuantProxyFromInjector) or not proxy.is_quant_enabled:
            continue
        layer = name.rpartition(".")[0]
        if isinstance(proxy, DecoupledWeightQuantWithInputProxyFromInjector):
            why, cure = "accumulator-aware weights (A2Q) are written without their norm", "an Int8Weight... quantizer"
        elif proxy.bit_width() == 1 and not torch.all(proxy.tracked_module_list[0].quant_weight().value):
            why, cure = "integer weights of 1 bit are 0 here, and written as signs", "SignedBinaryWeightPerTensorConst"
        else:
            continue
        raise UnsupportedModelError(f"{layer}: {why} by Brevitas' exporter; use {cure}")


def _copy_shared_constants(graph: onnx.GraphProto) -> None:
    """Each node has constants of its own, as qonnx wants them; copies are named by node and input."""
    constants, shapes = ({each.name: each for each in of} for of in (graph.initializer, graph.value_info))
    seen: set[str] = set()
    for node in graph.node:
        for index, name in enumerate(node.input):
            if name in seen:
                node.input[index] = f"{node.output[0]}_input_{index}"
                for field, each in ((graph.initializer, constants[name]), (graph.value_info, shapes[name])):
                    field.add().CopyFrom(each)
                    field[-1].name = node.input[index]
            seen |= {name} & constants.keys()


def _act_quant_nodes(graph: onnx.GraphProto) -> Iterator[onnx.NodeProto]:
    constants = {tensor.name for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type in ("Quant", "BipolarQuant") and node.input[0] not in constants:
            yield node


@torch.no_grad()
def _run_and_record(
    model: nn.Module, images: Tensor, fed: _Calls | None = None, shifts: _Calls | None = None
) -> _Calls:
    """Output of every activation quantizer call, then of the model, in order."""
    calls: _Calls = {}
    was_training = model.training
    with _hooks(model, calls, fed or {}, shifts or {}):
        outputs = model.eval()(images.to(_device(model)))
    model.train(was_training)
    for index, output in enumerate(outputs if isinstance(outputs, tuple | list) else (outputs,)):
        calls["", index] = _plain(output)
    return calls


@contextmanager
def _hooks(model: nn.Module, calls: _Calls, fed: _Calls, shifts: _Calls) -> Iterator[None]:
    counts: dict[str, int] = {}

    def shift(path: str, _module: nn.Module, inputs: tuple[Any, ...]) -> tuple[Any, ...] | None:
        by = shifts.get((path, counts.get(path, -1) + 1))
        return None if by is None else (getattr(inputs[0], "value", inputs[0]) + by, *inputs[1:])

    def record(path: str, _module: nn.Module, _inputs: object, output: Any) -> Any:
        index = counts[path] = counts.get(path, -1) + 1
        calls[path, index] = _plain(output)
        given = fed.get((path, index))
        return output.set(value=given) if given is not None and hasattr(output, "set") else given

    quantizers = [
        (path.removesuffix(".act_quant"), module)
        for path, module in model.named_modules()
        if isinstance(module, ActQuantProxyFromInjector) and module.is_quant_enabled
    ]
    handles = [module.register_forward_hook(partial(record, path)) for path, module in quantizers]
    handles += [module.register_forward_pre_hook(partial(shift, path)) for path, module in quantizers]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _plain(output: Any) -> Tensor:
    """The float32 values of a tensor or QuantTensor."""
    return getattr(output, "value", output).detach().cpu()


def _device(model: nn.Module) -> torch.device:
    return next((p.device for p in model.parameters()), torch.device("cpu"))
