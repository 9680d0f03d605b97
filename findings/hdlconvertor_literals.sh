#!/usr/bin/env bash
# hdlConvertor 2.3 (hdlConvertor-binary 2.3, hdlConvertorAst 1.2), a Verilog file parsed and written by ToVerilog2005: the "s" of a based
# literal is lost, 4'sd5 becomes 4'd5 and 5'sh1d 5'h1d, and so is the base of one without a size: 'd3 becomes 3. IEEE 1364 (3.5.1): a based
# literal is signed with "s" only, a plain decimal one always; one unsigned operand makes the expression unsigned. So a product with a
# signed constant is extended with zeros, and comparisons and ">>>" go the other way. Declarations, plain numbers and $signed are right.
# No warning, valid Verilog. It hurts who rewrites or joins files by this tree. Reference: Yosys 0.70 on the file before and after.
# Exit status 0 while the behaviour is as described.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check hdlConvertor-binary==2.3 hdlConvertorAst==1.2 pyosys==0.70
cat > "$folder/look.py" <<'PY'
import io, sys

from hdlConvertor import HdlConvertor
from hdlConvertorAst.language import Language
from hdlConvertorAst.to.verilog.verilog2005 import ToVerilog2005
from pyosys import libyosys

folder = sys.argv[1]
names = ("product", "product_hex", "plain", "above", "shifted")
source = """module top (
    input signed [3:0] s, output [7:0] product, output [7:0] product_hex, output [7:0] plain, output above, output [7:0] shifted
);
    assign product = s * 4'sd5;
    assign product_hex = s * 5'sh1d;
    assign plain = s * 5;
    assign above = s > 'd3;
    assign shifted = (s * 4'sd5) >>> 1;
endmodule
"""


def outputs(path):
    """By Yosys, for s = -3."""
    design, seen = libyosys.Design(), {}
    for step in (f"read_verilog {path}", "hierarchy -top top", "proc", "opt_clean"):
        libyosys.run_pass(f"tee -q -o {folder}/log {step}", design)
    for name in names:
        libyosys.run_pass(f"tee -q -o {folder}/value eval -set s 4'hD -show {name}", design)
        seen[name] = int(open(f"{folder}/value").read().split("'")[-1].rstrip(".\n"), 2)
    return seen


with open(f"{folder}/before.v", "w") as file:
    file.write(source)
tree, text = HdlConvertor().parse([f"{folder}/before.v"], Language.VERILOG, [], hierarchyOnly=False, debug=False), io.StringIO()
ToVerilog2005(text).visit_HdlContext(tree)
with open(f"{folder}/after.v", "w") as file:
    file.write(text.getvalue())
with open(f"{folder}/seen", "w") as file:
    after = outputs(f"{folder}/after.v")
    for name, value in outputs(f"{folder}/before.v").items():
        line = next(line.strip() for line in text.getvalue().splitlines() if f"assign {name} =" in line)
        print(f"{name}: before {value}, after {after[name]}, {line}", file=file)
PY
"$folder/env/bin/python" -W ignore "$folder/look.py" "$folder" > "$folder/output" 2>&1 || { cat "$folder/output"; exit 1; }
cat "$folder/seen"
cat > "$folder/expected" <<'EXPECTED'
product: before 241, after 65, assign product = s * 4'd5;
product_hex: before 9, after 121, assign product_hex = s * 5'h1d;
plain: before 241, after 241, assign plain = s * 5;
above: before 1, after 0, assign above = s > 3;
shifted: before 248, after 32, assign shifted = s * 4'd5 >>> 1;
EXPECTED
diff "$folder/expected" "$folder/seen"
