"""The top of a stitched design with a switch in every stream: simulated, its ops run together or each by itself."""

from __future__ import annotations

import re
from collections.abc import Sequence

APART = "ap_apart"
PUT, TAKE = "{}__put", "{}__take"  # ports of a stream: what its reader is given, what is taken of its sender
_READER = re.compile(r"\.(in\d+_V_\w+)\((\w+?)_(tdata|tvalid|tready)\)")
_PORTS = """\
    , input  wire [{top}:0] {put}_tdata
    , input  wire {put}_tvalid
    , output wire {put}_tready
    , output wire [{top}:0] {take}_tdata
    , output wire {take}_tvalid
    , input  wire {take}_tready
"""
_SWITCH = """\
    wire [{top}:0] {put}n_tdata = ap_apart ? {put}_tdata : {signal}_tdata;
    wire {put}n_tvalid = ap_apart ? {put}_tvalid : {signal}_tvalid;
    wire {put}n_tready;
    assign {put}_tready = {put}n_tready;
    assign {take}_tdata = {signal}_tdata;
    assign {take}_tvalid = {signal}_tvalid;
    assign {signal}_tready = ap_apart ? {take}_tready : {put}n_tready;
"""


def with_switches(text: str, taps: Sequence[tuple[str, int]]) -> str:
    """The text of a top as `stitch` wrote it, its streams cut in two where `ap_apart` is 1.

    Then a reader gets what enters at `<stream>__put`, and what a sender sends leaves at `<stream>__take`; where it is 0
    they meet as before.

    Args:
        text: of the top.
        taps: its streams between two ops: prefix of the nets, bits of tdata.
    """
    names = [
        {"signal": signal, "top": width - 1, "put": PUT.format(signal), "take": TAKE.format(signal)}
        for signal, width in taps
    ]
    cut = dict(taps)
    text = _READER.sub(lambda m: f".{m[1]}({PUT.format(m[2])}n_{m[3]})" if m[2] in cut else m[0], text)
    ports = "".join(_PORTS.format(**each) for each in names)
    head, body = text.split("\n);\n", 1)
    body, end = body.rsplit("endmodule", 1)
    switches = "".join(_SWITCH.format(**each) for each in names)
    declared = body.rfind("public_flat_rd") if taps else 0
    first = body.index("\n", declared) + 1 if taps else 0
    return f"{head}\n    , input  wire {APART}\n{ports});\n{body[:first]}{switches}{body[first:]}endmodule{end}"
