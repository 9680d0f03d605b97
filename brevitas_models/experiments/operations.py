"""Operations of a network: BOPs, FLOPs and OPs = BOPs / 64 + FLOPs, counted by a walk over its modules.

One image runs through the network, and each module adds what it did:

- A multiply-accumulate is one operation. A convolution or dense layer with 1-bit weights whose input comes from a 1-bit
  quantizer (RSign) adds BOPs, any other adds FLOPs: also one with 1-bit weights on wider integers, and fixed point.
- Batch norm is 2 FLOPs per element of its output, an activation function 1.
- RSign, quantizers, adds, pools, shuffles and biases are free.

These rules reproduce the paper; `signflow complexity` prints its figures beside what they give.

Source: section 4.3.1 of the paper for OPs; the rules are read from its tables.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from brevitas.nn import QuantIdentity
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.hooks import RemovableHandle

from brevitas_models.layers.activations import RPReLU, RSign, RSiLU, SiLU
from brevitas_models.networks.network import Network
from finn_build.errors import UnsupportedModelError

_PRODUCTS = (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)
_ACTIVATIONS = (RPReLU, RSiLU, SiLU, nn.PReLU, nn.ReLU, nn.ReLU6, nn.Hardtanh, nn.SiLU)
_PASSING = (nn.Identity, nn.Flatten, nn.Dropout, nn.MaxPool2d)
_FREE = (RSign, QuantIdentity, nn.AvgPool2d, nn.AdaptiveAvgPool2d, *_PASSING)


@dataclass(frozen=True)
class Account:
    """Operations for one image.

    Attributes:
        bops: multiply-accumulates of two 1-bit operands.
        flops: all other operations.
    """

    bops: int = 0
    flops: int = 0

    @property
    def ops(self) -> float:
        """BOPs / 64 + FLOPs, as a 64-bit processor does 64 binary operations at once."""
        return self.bops / 64 + self.flops

    def __add__(self, other: "Account") -> "Account":
        return Account(self.bops + other.bops, self.flops + other.flops)


def count(model: nn.Module, shape: Sequence[int]) -> dict[str, Account]:
    """What each module of `model` does to one image, by its name; modules that cost nothing are left out.

    Args:
        model: any network whose convolutions, dense layers, batch norms and activation functions are modules.
        shape: channels, height and width of the image, or channels and length.

    Raises:
        UnsupportedModelError: a module has no counting rule.
    """
    walk = _Walk()
    device = next((parameter.device for parameter in model.parameters()), None)
    was_training = model.training
    try:
        walk.attach(model, "")
        with torch.no_grad():
            model.eval()(torch.zeros(1, *shape, device=device))
    finally:
        walk.detach()
        model.train(was_training)
    return walk.accounts


def count_network(model: Network) -> dict[str, Account]:
    """`count` for an input of the size that the network was configured for."""
    return count(model, model.input_shape[1:])


def total(accounts: Mapping[str, Account]) -> Account:
    """The sum over all modules."""
    return sum(accounts.values(), Account())


def by_unit(model: nn.Module, accounts: Mapping[str, Account]) -> dict[str, Account]:
    """Accounts summed over the parts of a network: its children, and the blocks of those that are chains of blocks."""
    units = {name: Account() for name in _unit_names(model, "")}
    for name, account in accounts.items():
        unit = next(u for u in units if f"{name}.".startswith(f"{u}."))
        units[unit] += account
    return {name: account for name, account in units.items() if account.ops}


class _Walk:
    """Hooks on every module that counts, and on those that pass signs on.

    A tensor of signs is known by its storage: views (flatten, transpose, split) share it, pools hand it on.
    """

    def __init__(self) -> None:
        self.accounts: dict[str, Account] = {}
        self._signs: dict[int, Tensor] = {}  # kept alive, so that no storage is used twice
        self._handles: list[RemovableHandle] = []

    def attach(self, module: nn.Module, name: str) -> None:
        """Hook `module`, or else what it consists of."""
        if isinstance(module, _PRODUCTS):
            self._hook(module, lambda x, y: self._product(name, module, x, y))
        elif isinstance(module, _BatchNorm):
            self._hook(module, lambda x, y: self._add(name, flops=2 * y.numel()))
        elif isinstance(module, _ACTIVATIONS):
            self._hook(module, lambda x, y: self._add(name, flops=y.numel()))
        elif isinstance(module, _FREE):
            gives, passes = _gives_signs(module), isinstance(module, _PASSING)
            self._hook(module, lambda x, y: self._mark(y) if gives or (passes and self._is_signs(x)) else None)
        elif _is_opaque(module):
            raise UnsupportedModelError(f"complexity: {name or 'model'}: no counting rule for {type(module).__name__}")
        else:
            for key, child in module.named_children():
                self.attach(child, f"{name}.{key}" if name else key)

    def detach(self) -> None:
        """Remove the hooks."""
        for handle in self._handles:
            handle.remove()

    def _hook(self, module: nn.Module, act: Callable[[Tensor, Tensor], None]) -> None:
        self._handles.append(module.register_forward_hook(lambda _module, inputs, y: act(inputs[0], y)))

    def _product(self, name: str, module: nn.Module, x: Tensor, y: Tensor) -> None:
        """Each output, or each input of a transposed convolution, takes part in as many products as one filter has."""
        weight: Any = module.weight
        macs = weight[0].numel() * (x if isinstance(module, nn.ConvTranspose2d) else y).numel()
        if _bits(getattr(module, "weight_quant", None)) == 1 and self._is_signs(x):
            self._add(name, bops=macs)
        else:
            self._add(name, flops=macs)

    def _add(self, name: str, bops: int = 0, flops: int = 0) -> None:
        self.accounts[name] = self.accounts.get(name, Account()) + Account(bops, flops)

    def _mark(self, signs: Tensor) -> None:
        self._signs[signs.untyped_storage().data_ptr()] = signs

    def _is_signs(self, x: Tensor) -> bool:
        return x.untyped_storage().data_ptr() in self._signs


def _bits(quantizer: Any) -> int | None:
    """Bit width of the quantizer of a Brevitas layer, None for real values."""
    width = None if quantizer is None else quantizer.bit_width()
    return None if width is None else int(width)


def _gives_signs(module: nn.Module) -> bool:
    quantizer = module.quantizer if isinstance(module, RSign) else module
    return isinstance(quantizer, QuantIdentity) and _bits(quantizer.act_quant) == 1


def _is_opaque(module: nn.Module) -> bool:
    """Whether a module without a rule does something itself, instead of only calling its children."""
    chain = isinstance(module, nn.Sequential | nn.ModuleList)
    return not chain and (not list(module.children()) or bool(list(module.parameters(recurse=False))))


def _unit_names(module: nn.Module, prefix: str) -> Iterator[str]:
    """Names of the parts of a network: chains of blocks are taken apart, chains of single layers are not."""
    for key, child in module.named_children():
        name = f"{prefix}{key}"
        if isinstance(child, nn.Sequential | nn.ModuleList) and any(map(_is_block, child)):
            yield from _unit_names(child, f"{name}.")
        else:
            yield name


def _is_block(module: nn.Module) -> bool:
    return not isinstance(module, (*_PRODUCTS, _BatchNorm, *_ACTIVATIONS, *_FREE))
