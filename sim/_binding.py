"""The one C++ file generated per design: it shows the model's pins to the harness."""

from __future__ import annotations

import re
from typing import Protocol

_HEADER = """// Generated: pins of the model for the harness.
#include "harness.h"
#include "Vsim.h"
#include "Vsim___024root.h"
{trace_include}
void Vsim___024root___eval(Vsim___024root*);  // the part of Vsim::eval that serves neither classes nor threads

namespace signflow {{
namespace {{
template <size_t BYTES, typename T> uint8_t* pin(T& signal) {{
    static_assert(sizeof(T) == BYTES, "the declared width is not the signal's");
    return reinterpret_cast<uint8_t*>(&signal);
}}

struct Bound final : Model {{
    Vsim sim;
    bool begun = false;  // Vsim::eval initialises
    {trace_member}
    explicit Bound(VerilatedContext* context) : sim{{context}} {{
        clk = &sim.ap_clk;
        rst_n = &sim.ap_rst_n;
{apart}        pins = {{
"""
_FOOTER = """        }};
    }}
    void eval() override {{ begun ? Vsim___024root___eval(sim.rootp) : sim.eval(); begun = true; }}
    void finish() override {{ sim.final(); {trace_close} }}
    void open_trace(const std::string& path) override {{ {trace_open} }}
    void dump_trace(uint64_t time) override {{ {trace_dump} }}
}};
}}  // namespace

std::unique_ptr<Model> make_model(VerilatedContext* context) {{ return std::make_unique<Bound>(context); }}
}}  // namespace signflow
"""
_TRACE = {
    "trace_close": "trace.close();",
    "trace_open": "sim.trace(&trace, 99); trace.open(path.c_str());",
    "trace_dump": "trace.dump(time);",
}


class BoundStream(Protocol):
    """What a stream must tell to be bound; its name is no part of it: streams are known by their number."""

    @property
    def width(self) -> int:
        """Bits of tdata."""
        ...

    @property
    def upper(self) -> bool:
        """The pins' endings are in capitals."""
        ...


def binding_source(top: str, streams: list[tuple[str, str, BoundStream]], trace: str, apart: bool = False) -> str:
    """Write the binding.

    Args:
        top: Top module.
        streams: Role (INPUT, OUTPUT, TAP), signal prefix and stream, in the harness's order. Signals of taps
            are nets of the top module, those of the others its ports.
        trace: "", "fst" or "vcd".
        apart: The top has switches (`sim/switches.py`).
    """
    kind = trace.capitalize()
    values = {
        "apart": "        apart = &sim.ap_apart;\n" if apart else "",
        "trace_include": f'#include "verilated_{trace}_c.h"' if trace else "",
        "trace_member": f"Verilated{kind}C trace;" if trace else "",
    } | {key: code if trace else "" for key, code in _TRACE.items()}
    rows = []
    for role, signal, stream in streams:
        prefix = (
            f"sim.rootp->{mangled(top)}__DOT__{mangled(signal).replace('.', '__DOT__')}"
            if role == "TAP"
            else f"sim.{mangled(signal)}"
        )
        ends = ("TDATA", "TVALID", "TREADY") if stream.upper else ("tdata", "tvalid", "tready")
        data, valid, ready = (f"{prefix}_{end}" for end in ends)
        rows.append(
            f"            {{Role::{role}, pin<{_container_bytes(stream.width)}>({data}), "
            f"{stream.width // 8}, pin<1>({valid}), pin<1>({ready})}},\n"
        )
    return _HEADER.format(**values) + "".join(rows) + _FOOTER.format(**values)


def mangled(name: str) -> str:
    """A Verilog name as Verilator writes it in C++: double underscores are its own separators."""
    return re.sub("__", "___05F", name)


def top_streams(header: str) -> list[tuple[str, str, int, bool]]:
    """Streams of a top module, read from the class that Verilator made of it.

    Args:
        header: Text of Vsim.h.

    Returns:
        Role (INPUT, OUTPUT), name, bits of tdata, and whether the pins' endings are in capitals.
    """
    pattern = re.compile(r"VL_(IN|OUT)\w*\(&(\w+)_(tdata|TDATA),(\d+),0")
    return [
        (f"{side}PUT", name.replace("___05F", "__"), int(msb) + 1, ending.isupper())
        for side, name, ending, msb in pattern.findall(header)
    ]


def _container_bytes(width: int) -> int:
    """Bytes of the C++ type that Verilator gives a signal of `width` bits."""
    return next((size for size in (1, 2, 4, 8) if width <= 8 * size), -(-width // 32) * 4)
