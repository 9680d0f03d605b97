#!/usr/bin/env bash
# MyHDL 0.11.52, conversion to Verilog where signed and unsigned signals meet. One unsigned operand makes a whole Verilog expression
# unsigned, so the converter writes $signed({1'b0, a}) for an unsigned signal next to a signed one. It does not for an operand that is an
# expression of unsigned ones: a sum, a product, a shift, concat(). s + (a + b), s - a * b and s < (a + 1) are then computed unsigned, with s extended
# by zeros: simulated (and meant) -8 < 5 is true, in Verilog false. No warning. s < a is right; so is the sum through a signal of its own.
# It hurts who compares a signed accumulator with a computed limit. Reference: Python's integers; Yosys 0.70 reads the Verilog.
# Exit status 0 while the behaviour is as described.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check myhdl==0.11.52 pyosys==0.70
cat > "$folder/look.py" <<'PY'
import os, sys

from myhdl import Signal, always_comb, block, concat, delay, instance, intbv
from pyosys import libyosys

os.chdir(sys.argv[1])
a_value, b_value, s_value = 2, 3, -8
names = ("plain", "sum", "constant", "product", "joined", "below_plain", "below_sum", "below_constant")
text = ("s + a", "s + (a + b)", "s + (a + 1)", "s - a * b", "s + concat(a, b)", "s < a", "s < (a + b)", "s < (b + 1)")


@block
def top(a, b, s, plain, sum, constant, product, joined, below_plain, below_sum, below_constant):
    @always_comb
    def logic():
        plain.next = s + a
        sum.next = s + (a + b)
        constant.next = s + (a + 1)
        product.next = s - a * b
        joined.next = s + concat(a, b)
        below_plain.next = s < a
        below_sum.next = s < (a + b)
        below_constant.next = s < (b + 1)

    return logic


def ports():
    inputs = {"a": Signal(intbv(0)[4:]), "b": Signal(intbv(0)[4:]), "s": Signal(intbv(0, min=-8, max=8))}
    return inputs | {name: Signal(bool(0) if "below" in name else intbv(0, min=-128, max=128)) for name in names}


@block
def bench(signals):
    design = top(**signals)

    @instance
    def stimulus():
        for name, value in (("a", a_value), ("b", b_value), ("s", s_value)):
            signals[name].next = value
        yield delay(1)
        simulated.extend(int(signals[name]) for name in names)

    return design, stimulus


simulated = []
bench(ports()).run_sim(10, quiet=1)
top(**ports()).convert(hdl="Verilog", name="top", header="", no_testbench=True)
design, converted = libyosys.Design(), []
for step in ("read_verilog top.v", "hierarchy -top top", "proc", "opt_clean"):
    libyosys.run_pass(f"tee -q -o log {step}", design)
for name in names:
    libyosys.run_pass(f"tee -q -o value eval -set a 4'd2 -set b 4'd3 -set s 4'b1000 -show {name}", design)
    bits = open("value").read().split("'")[-1].rstrip(".\n")
    converted.append(int(bits, 2) - (256 if len(bits) == 8 and bits[0] == "1" else 0))
lines = {line.split()[1]: line.strip() for line in open("top.v") if line.startswith("assign")}
with open("seen", "w") as file:
    for name, python, before, after in zip(names, text, simulated, converted):
        right = int(eval(python, {"a": a_value, "b": b_value, "s": s_value, "concat": lambda high, low: high * 16 + low}))
        print(f"{python}: right {right}, simulated {before}, Verilog {after}, {lines[name]}", file=file)
PY
"$folder/env/bin/python" -W ignore "$folder/look.py" "$folder" > "$folder/output" 2>&1 || { cat "$folder/output"; exit 1; }
cat "$folder/seen"
cat > "$folder/expected" <<'EXPECTED'
s + a: right -6, simulated -6, Verilog -6, assign plain = (s + $signed({1'b0, a}));
s + (a + b): right -3, simulated -3, Verilog 13, assign sum = (s + (a + b));
s + (a + 1): right -5, simulated -5, Verilog 11, assign constant = (s + (a + 1));
s - a * b: right -14, simulated -14, Verilog 2, assign product = (s - (a * b));
s + concat(a, b): right 27, simulated 27, Verilog 43, assign joined = (s + {a, b});
s < a: right 1, simulated 1, Verilog 1, assign below_plain = (s < $signed({1'b0, a}));
s < (a + b): right 1, simulated 1, Verilog 0, assign below_sum = (s < (a + b));
s < (b + 1): right 1, simulated 1, Verilog 0, assign below_constant = (s < (b + 1));
EXPECTED
diff "$folder/expected" "$folder/seen"
