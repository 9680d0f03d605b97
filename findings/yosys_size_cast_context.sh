#!/usr/bin/env bash
# Yosys 0.70 (pyosys 0.70): its two readers of SystemVerilog give one valid file different constants, without a warning.
# - Size casts, IEEE 1800 6.24.1: a cast gives what a variable of that type would hold after being assigned the expression, so W'(P * Q)
#   is W bits wide inside. read_slang does so (Verilator 5.48 too). read_verilog does so for signals; for parameters and literals it works
#   at the operands' own width and fills up with zeros: products, carries and minus signs are cut off, and a sum of comparisons, the
#   usual way to count them, becomes their XOR. The same expression assigned to a parameter of W bits is right in both.
# - "localparam signed X = 4'b1000" without a range is signed (6.20.2): read_verilog extends it with zeros.
# - $left of a parameter declared [0:7] is 0 (20.7): read_verilog says 7; of a signal, 0.
# It hurts depths, widths and table sizes that a module works out from its parameters: simulated right, synthesized wrong.
# Exit status 0 while the behaviour is as described.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check pyosys==0.70
cat > "$folder/cast.sv" <<'SV'
module top #(
    parameter [3:0] P = 15, Q = 15
) (
    output logic [7:0] product, product_signal, product_assigned, carry, minus, reached, reached_signal, least, left
);
    localparam signed LEAST = 4'b1000;
    localparam [0:7] RISING = 8'd1;
    localparam [7:0] ASSIGNED = P * Q;
    wire [3:0] p = P, q = Q;
    assign product_assigned = ASSIGNED;
    assign product_signal = 8'(p * q);
    assign product = 8'(P * Q);
    assign carry = 8'((P + Q) >> 1);
    assign minus = 8'(-P);
    assign reached_signal = 8'((p > 1) + (q > 1));
    assign reached = 8'((P > 1) + (Q > 1));
    assign least = 8'(LEAST);
    assign left = $left(RISING);
endmodule
SV
cat > "$folder/read.py" <<'PY'
import json, sys
from pyosys import libyosys

folder, seen = sys.argv[1], {}
for reader in ("read_verilog -sv", "read_slang --top top"):
    design = libyosys.Design()
    libyosys.run_pass(f"tee -q -o {folder}/log {reader} {folder}/cast.sv", design)
    libyosys.run_pass(f"tee -q -o {folder}/log hierarchy -top top", design)
    for step in ("proc", "opt", f"write_json {folder}/netlist.json"):
        libyosys.run_pass(f"tee -q -o {folder}/log {step}", design)
    for name, port in json.load(open(f"{folder}/netlist.json"))["modules"]["top"]["ports"].items():
        seen.setdefault(name, []).append(int("".join(reversed(port["bits"])), 2))
with open(f"{folder}/seen", "w") as out:
    for name, (verilog, slang) in seen.items():
        print(f"{name}: read_verilog {verilog}, read_slang {slang}", file=out)
PY
"$folder/env/bin/python" "$folder/read.py" "$folder" > "$folder/output" 2>&1 || { cat "$folder/output"; exit 1; }
cat "$folder/seen"
cat > "$folder/expected" <<'EXPECTED'
product: read_verilog 1, read_slang 225
product_signal: read_verilog 225, read_slang 225
product_assigned: read_verilog 225, read_slang 225
carry: read_verilog 7, read_slang 15
minus: read_verilog 1, read_slang 241
reached: read_verilog 0, read_slang 2
reached_signal: read_verilog 2, read_slang 2
least: read_verilog 8, read_slang 248
left: read_verilog 7, read_slang 0
EXPECTED
diff "$folder/expected" "$folder/seen"
