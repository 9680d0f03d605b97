"""A fault put into modules that are imported already: their functions get other code."""

from __future__ import annotations

import gc
from functools import _lru_cache_wrapper, cache
from inspect import CO_OPTIMIZED
from types import CodeType, FunctionType
from typing import Any

from tests.mutants.mutant import Mutant

Pair = tuple[CodeType, CodeType]


@cache
def living() -> tuple[list[FunctionType], list[Any]]:
    """Functions, and caches of functions, that are there now; a fork of who asked looks through no memory again."""
    found = gc.get_objects()
    return [f for f in found if type(f) is FunctionType], [f for f in found if type(f) is _lru_cache_wrapper]


def pairs(mutant: Mutant) -> list[Pair] | None:
    """Code of the functions that a fault is in, before and after; None where it lies outside of functions."""
    text, name = mutant.path.read_text(), str(mutant.path)
    return _pairs(*(compile(t, name, "exec", dont_inherit=True) for t in (text, mutant.applied(text))))


def give(code: list[Pair], name: str) -> None:
    """Give the functions of a file other code, and forget what any have computed."""
    functions, known = living()
    for function in [f for f in functions if f.__code__.co_filename == name]:
        function.__code__ = next((new for old, new in code if old == function.__code__), function.__code__)
    for answers in [k for k in known if k is not living]:
        answers.cache_clear()


def _pairs(old: CodeType, new: CodeType) -> list[Pair] | None:
    """Code of functions before and after; None where what is around them is not the same."""
    if old.co_flags & CO_OPTIMIZED:  # a function, no class and no module
        passing = old.co_name.startswith("<") and old.co_name != "<lambda>"  # a comprehension ran as it was imported
        return [] if old == new else None if passing else [(old, new)]
    if (old.co_code, old.co_names, len(old.co_consts)) != (new.co_code, new.co_names, len(new.co_consts)):
        return None
    found: list[Pair] = []
    for before, after in zip(old.co_consts, new.co_consts, strict=True):
        if isinstance(before, CodeType) and isinstance(after, CodeType):
            inner = _pairs(before, after)
            if inner is None:
                return None
            found += inner
        elif repr(before) != repr(after):
            return None
    return found
