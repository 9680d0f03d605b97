#!/usr/bin/env bash
# pyverilog 1.3.0, a file read by parse() and written by ASTCodeGenerator is another circuit, without a warning:
# - "<<<", the arithmetic shift to the left, is written as nothing: 1 <<< 4 becomes 14, 6'd2 <<< 3 becomes 6'd23. Between other operands
#   the text is no longer Verilog, or another name. "<<", ">>" and ">>>" are right;
# - an indexed part-select a[7 -: 4] becomes a[7:7-4], one bit more; a[0 +: 4] becomes a[0:0+4], which is not the direction of a;
# - "^~" is read as "^" and a unary "~", which binds closer than "+": a ^~ b + c becomes a ^ (~b + c). "~^" is right;
# - in a list of ports "input signed [3:0] s, t" both are signed (IEEE 1364, 12.3.4); t is written without it.
# It hurts who changes or wraps Verilog by this tree, as veriloggen does. Reference: Yosys 0.70 on the file before and after.
# Exit status 0 while the behaviour is as described.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check pyverilog==1.3.0 pyosys==0.70
cat > "$folder/look.py" <<'PY'
import contextlib, io, sys

from pyosys import libyosys
from pyverilog.ast_code_generator.codegen import ASTCodeGenerator
from pyverilog.vparser.parser import parse

folder = sys.argv[1]
source = """module top #(parameter SIZE = 1 <<< 4, parameter [5:0] MASK = 6'd2 <<< 3, parameter [5:0] PLAIN = 6'd2 << 3) (
    input [7:0] a, input signed [3:0] s, t, output [7:0] size, mask, plain, part, low, xnor_sum, xnor_sum_2, signed_s, signed_t
);
    assign size = SIZE;
    assign mask = MASK;
    assign plain = PLAIN;
    assign part = a[6 -: 4];
    assign xnor_sum = a ^~ a + 8'd5;
    assign xnor_sum_2 = a ~^ a + 8'd5;
    assign signed_s = s;
    assign signed_t = t;
endmodule
"""


def outputs(path):
    """By Yosys, for a = 0xA5 and s = t = -3."""
    design, seen = libyosys.Design(), {}
    for step in (f"read_verilog {path}", "hierarchy -top top", "proc", "opt_clean"):
        libyosys.run_pass(f"tee -q -o {folder}/log {step}", design)
    for name in ("size", "mask", "plain", "part", "xnor_sum", "xnor_sum_2", "signed_s", "signed_t"):
        libyosys.run_pass(f"tee -q -o {folder}/value eval -set a 8'hA5 -set s 4'hD -set t 4'hD -show {name}", design)
        seen[name] = int(open(f"{folder}/value").read().split("'")[-1].rstrip(".\n"), 2)
    return seen


with open(f"{folder}/before.v", "w") as file:
    file.write(source.replace("part, low,", "part,"))
with contextlib.redirect_stdout(io.StringIO()):
    tree, _ = parse([f"{folder}/before.v"], outputdir=folder, debug=False)
text = ASTCodeGenerator().visit(tree)
with open(f"{folder}/after.v", "w") as file:
    file.write(text)
with open(f"{folder}/seen", "w") as file:
    after = outputs(f"{folder}/after.v")
    for name, value in outputs(f"{folder}/before.v").items():
        print(f"{name}: before {value}, after {after[name]}", file=file)
    for line in text.splitlines():
        if any(word in line for word in ("SIZE =", "MASK =", "PLAIN =", "part =", "xnor_sum", " t,")) and "output" not in line:
            print(line.strip(), file=file)
PY
"$folder/env/bin/python" -W ignore "$folder/look.py" "$folder" > "$folder/output" 2>&1 || { cat "$folder/output"; exit 1; }
cat "$folder/seen"
cat > "$folder/expected" <<'EXPECTED'
size: before 16, after 14
mask: before 16, after 23
plain: before 16, after 16
part: before 4, after 9
xnor_sum: before 240, after 250
xnor_sum_2: before 240, after 240
signed_s: before 253, after 253
signed_t: before 253, after 13
parameter SIZE = 14,
parameter [5:0] MASK = 6'd23,
parameter [5:0] PLAIN = 6'd2 << 3
input [3:0] t,
assign part = a[6:6-4];
assign xnor_sum = a ^ ~a + 8'd5;
assign xnor_sum_2 = a ~^ a + 8'd5;
EXPECTED
diff "$folder/expected" "$folder/seen"
