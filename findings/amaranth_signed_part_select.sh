#!/usr/bin/env bash
# amaranth 0.5.10, bit_select() and word_select() of a signed value with a variable offset. Its text: bits above the most significant one are
# zero if the value is unsigned, its sign if it is signed. Amaranth's simulator does so; the RTLIL that back.rtlil, and back.verilog through Yosys,
# make of it is a $shift of a signed operand, which fills with zeros beyond the wider of operand and result (Yosys 0.70, "$signed(s) >> u"
# in Verilog). Simulated right, synthesized another circuit; only windows that reach over the top differ. No warning. It hurts who
# cuts windows out of a signed accumulator. Unsigned ones agree; so do windows inside, and extending the value by the width first.
# Reference: the text, in plain integers.
# Exit status 0 while the behaviour is as described.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check amaranth==0.5.10 pyosys==0.70
cat > "$folder/look.py" <<'PY'
import sys

from amaranth.back import rtlil
from amaranth.hdl import Module, Signal, signed, unsigned
from amaranth.sim import Simulator
from pyosys import libyosys

folder, value = sys.argv[1], -7
s, b, u = Signal(signed(4), name="s"), Signal(unsigned(4), name="b"), Signal(3, name="u")
wide = Signal(signed(12), name="wide")
names = {"bits": s.bit_select(u, 3), "words": s.word_select(u, 2), "extended": wide.bit_select(u, 3), "unsigned": b.bit_select(u, 3)}
outputs = {name: Signal(len(part), name=name) for name, part in names.items()}
module = Module()
module.d.comb += [wide.eq(s), *(outputs[name].eq(part) for name, part in names.items())]
with open(f"{folder}/top.il", "w") as file:
    file.write(rtlil.convert(module, ports=[s, b, u, *outputs.values()]))
design = libyosys.Design()
for step in (f"read_rtlil {folder}/top.il", "hierarchy -top top", "proc", "techmap", "opt"):
    libyosys.run_pass(f"tee -q -o {folder}/log {step}", design)


def synthesized(name, offset):
    libyosys.run_pass(f"tee -q -o {folder}/value eval -set s 4'b1001 -set b 4'b1001 -set u {offset} -show {name}", design)
    return int(open(f"{folder}/value").read().split("'")[-1].rstrip(".\n"), 2)


simulated = {}


async def bench(context):
    context.set(s, value)
    context.set(b, value & 15)
    for offset in range(5):
        context.set(u, offset)
        await context.delay(1e-9)
        for name, signal in outputs.items():
            simulated[name, offset] = context.get(signal)


simulator = Simulator(module)
simulator.add_testbench(bench)
simulator.run()
with open(f"{folder}/seen", "w") as file:
    for name, (number, step, width) in {"bits": (value, 1, 3), "words": (value, 2, 2), "extended": (value, 1, 3), "unsigned": (value & 15, 1, 3)}.items():
        right = [number >> step * offset & 2**width - 1 for offset in range(5)]
        print(f"{name}: right {right}, simulated {[simulated[name, o] for o in range(5)]}, Yosys {[synthesized(name, o) for o in range(5)]}", file=file)
PY
"$folder/env/bin/python" -W ignore "$folder/look.py" "$folder" > "$folder/output" 2>&1 || { cat "$folder/output"; exit 1; }
cat "$folder/seen"
cat > "$folder/expected" <<'EXPECTED'
bits: right [1, 4, 6, 7, 7], simulated [1, 4, 6, 7, 7], Yosys [1, 4, 2, 1, 0]
words: right [1, 2, 3, 3, 3], simulated [1, 2, 3, 3, 3], Yosys [1, 2, 0, 0, 0]
extended: right [1, 4, 6, 7, 7], simulated [1, 4, 6, 7, 7], Yosys [1, 4, 6, 7, 7]
unsigned: right [1, 4, 2, 1, 0], simulated [1, 4, 2, 1, 0], Yosys [1, 4, 2, 1, 0]
EXPECTED
diff "$folder/expected" "$folder/seen"
