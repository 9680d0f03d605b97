"""What cannot be built, collected node by node so that the user sees the whole list at once."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One node that cannot be built, why, and the cure."""

    node: str
    why: str
    cure: str

    def __str__(self) -> str:
        return f"{self.node}: {self.why}. Cure: {self.cure}."


class Unsupported(Exception):
    """A node that cannot be compiled; becomes a `Problem` of the pre-flight list."""

    def __init__(self, why: str, cure: str, node: str = "", tensor: str = ""):
        """Args: `node`, its name; the node at hand where it is empty. `tensor`, that only the host can make."""
        super().__init__(why)
        self.why, self.cure, self.node, self.tensor = why, cure, node, tensor


def dimension(axis: int, rank: int) -> int:
    """A dimension by ONNX' number of it, which from the last one on is negative.

    Raises:
        Unsupported: a tensor of this rank has none such.
    """
    if not -rank <= axis < rank:
        raise Unsupported(f"dimension {axis} of a tensor of {rank}", "export the network again")
    return int(axis) % rank
