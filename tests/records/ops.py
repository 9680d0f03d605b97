"""What each op says to passes and writers, of the cases of its test and of some that Hypothesis draws."""

from __future__ import annotations

import importlib
import tempfile
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from hypothesis import Phase, given, settings
from hypothesis import seed as seeded
from hypothesis.internal.conjecture import providers

from finn_build.dataflow.ops.base import StreamOp
from finn_build.dataflow.ops.finn_op import RTL_DIR
from finn_build.errors import SignflowError
from tests.dataflow.ops.op_case import OpBench, OpCase
from tests.nightly.strategies import OPS
from tests.records.record import Said

DRAWN = 12
_MOST = 1 << 14  # beats of a frame that are asked for


def cases(stem: str, every: int) -> list[OpCase]:
    """The cases of an op's test, every so many of them."""
    module = importlib.import_module(f"tests.dataflow.ops.test_{stem}")
    found = module.CASES if hasattr(module, "CASES") else [*module.ONE_BIT, *module.WIDER, *module.PACKED]
    return list(found)[::every]


def said_of(stem: str) -> dict[str, Said]:
    """What an op says, by case."""
    op_type, strategy = OPS[stem]
    listed = cases(stem, 1)
    attributes = OpBench(op_type, listed[:1]).ops[0].get_nodeattr_types()
    return {
        f"{stem} attributes": {name: [*kind[:3], *map(sorted, kind[3:])] for name, kind in attributes.items()},
        **{f"{stem} {i}": _said(op_type, case) for i, case in enumerate(listed)},
        **{f"{stem} drawn {i}": _said(op_type, case) for i, case in enumerate(drawn(strategy, DRAWN))},
    }


def drawn(strategy: Any, count: int, seed: int = 1) -> list[OpCase]:
    """So many cases, the same ones each time with a seed."""
    found: list[OpCase] = []

    @seeded(seed)
    @settings(max_examples=count, deadline=None, database=None, phases=(Phase.generate,))
    @given(case=strategy)
    def draw(case: OpCase) -> None:
        found.append(case)

    no_constants = providers.Constants(
        **{kind: providers.SortedSet() for kind in ("integers", "floats", "bytes", "strings")}
    )
    cache = providers.LRUCache(1024)
    with (
        patch.object(providers, "_get_local_constants", lambda: no_constants),
        patch.object(providers, "CONSTANTS_CACHE", cache),
    ):
        draw()  # else numbers that stand in modules imported so far would be among what is drawn
    return found[:count]


def _said(op_type: str, case: OpCase) -> Said:
    try:
        bench = OpBench(op_type, [case])
        (op,) = bench.ops
        op.rtl_parameters()
    except SignflowError as error:
        return {"refused": error}
    asked: dict[str, Callable[[], object]] = {
        "streams": lambda: [[s.shape, s.lanes, s.dtype] for s in (*op.streams_in(), *op.streams_out())],
        "rtl": lambda: sorted(op.rtl_parameters().items()),
        "files": lambda: sorted(op.memory_files(bench.model).items()),
        "roms": op.roms,
        "values": lambda: _values(bench),
        "finn": lambda: _finn(op),
        "instance": lambda: _instance(bench),
        "cycles": lambda: [op.get_exp_cycles(), op.fill_cycles(), op.window_cycles()],
        "beats": lambda: _beats(op),
        "behind": lambda: [op.cycles_behind(np.arange(min(op.streams_out()[0].beats, _MOST)))],
        "bursts": lambda: [op.burst_beats(stream) for stream in (*op.streams_in(), *op.streams_out())],
        "kind": lambda: [
            sorted(t.name for t in op.traits),
            op.has_products,
            op.weights(),
            op.legal_lanes() if "PE" in op.lane_sizes else [],
            op.in_memory,
        ],
        "keeps": lambda: _keeps(op),
        "folds": lambda: _folds(op),
        "area": op.resources,
        "numbers": lambda: [[n.what, n.values, n.dtype] for n in op.numbers(bench.model)],
        "ranges": lambda: [list(r) for r in op.output_ranges(bench.model, [None] * len(op.streams_in()))],
        "forms": lambda: [sorted(f.items()) for f in op.step_forms(bench.model, [None] * len(op.streams_in()))],
        "widened": lambda: op.changed().widened(),
        "elsewhere": lambda: _elsewhere(op),
    }
    return {name: _answer(ask) for name, ask in asked.items()}


def _answer(ask: Callable[[], object]) -> object:
    try:
        return ask()
    except SignflowError as error:
        return f"refused: {error}"


def _values(bench: OpBench) -> list[object]:
    streams = [value[0] for value in bench.values.values()]
    return list(
        bench.ops[0].compute(*streams, *(np.asarray(value, np.int64) for value, _ in bench.cases[0].parameters))
    )


def _finn(op: StreamOp) -> list[object]:
    """What FINN's passes ask: of a port, or of the first one."""
    asked = [getattr(op, f"get_{what}") for side in ("input", "output") for what in (
        f"normal_{side}_shape", f"folded_{side}_shape", f"{side[:-3]}stream_width", f"{side}_datatype",
    )]  # fmt: skip
    estimates = [getattr(op, f"{what}_estimation")("") for what in ("lut", "bram", "dsp", "uram")]
    return [[(ask(), ask(0), ask(-1)) for ask in asked], op.get_number_output_values(), estimates]


def _instance(bench: OpBench) -> list[object]:
    """What is written, and what Vivado is told of it."""
    op = bench.ops[0].changed()
    with tempfile.TemporaryDirectory(prefix="signflow_instance_") as folder:
        op.set_nodeattr("code_gen_dir_ipgen", folder)
        op.generate_hdl(bench.model, "", 0.0)
        written = {path.name: path.read_text() for path in Path(folder).iterdir()}
        told = [line.replace(folder, "").replace(str(RTL_DIR), "") for line in op.code_generation_ipi()]
    return [sorted(written.items()), told, op.get_rtl_file_list()[:-1]]


def _beats(op: StreamOp) -> list[object]:
    made = [np.arange(min(stream.beats, _MOST)) for stream in op.streams_out()]
    return [op.beat_cycles(made[0]), *(op.beats_needed(beats, port) for port, beats in enumerate(made))]


def _elsewhere(op: StreamOp) -> list[object]:
    """On other chips, for other clocks and in other memories."""
    chips = ({"clkMHz": 250.0, "lutsPerBram18": 60, "lutsPerDsp": 100}, {"clkMHz": 60.0, "bramPrice": 600})
    styles = ({"ram_style": style} for style in op.ram_styles)
    others = [op.changed(**attributes) for attributes in (*chips, *styles)]
    asked = [(lambda o=o: sorted(o.rtl_parameters().items()), o.resources, o.roms, o.fill_cycles) for o in others]
    return [[_answer(ask) for ask in each] for each in asked]  # one by one: memory of the board has no module


def _keeps(op: StreamOp) -> list[object]:
    cycles = op.get_exp_cycles()
    missing = [op.beats_missing(cycles * a, cycles * b, 0.5) for a, b in ((1, 1), (1, 2), (3, 1))]
    ahead = [op.beats_ahead(cycles * times) for times in (1, 2, 5)]
    return [op.rows_kept(), op.vector_reads(), op.widest_stream(), op.too_wide, missing, ahead, op.idle_inputs()]


def _folds(op: StreamOp) -> list[object]:
    foldings = list(islice(op.foldings(None), 200))
    chosen = [sorted(op.changed().choose_folding(op.get_exp_cycles() * n // 4, None).items()) for n in (1, 4, 12)]
    limited = op.changed(streamBits=16)
    narrow = sorted(limited.choose_folding(1, None).items())
    return [[sorted(f.items()) for f in foldings], chosen, limited.too_wide, narrow]
