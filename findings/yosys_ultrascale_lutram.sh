#!/usr/bin/env bash
# Yosys 0.70 (pyosys 0.70), synth_xilinx for UltraScale and UltraScale+ (-family xcu, xcup): a memory with one address for reading and
# writing that asks for LUTs, (* ram_style = "distributed" *), ends in "lutrams_xc5v_map.v: ERROR: invalid OPTION_ABITS/WIDTH
# combination" from 512 words of some bits on. The list of what LUTs can be, lutrams_xcu.txt, says 16 address bits where the cell,
# RAM512X1S, has 9, and the map, which has a case for 9, has none for 16. With 256 words, with two addresses, or for 7 series (xc7) the
# same memory is mapped.
# Exit status 0 while the behaviour is as described.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check pyosys==0.70
cat > "$folder/memory.v" <<'V'
module one #(parameter BITS = 9) (input clk, write, input [BITS-1:0] at, input [10:0] d, output reg [10:0] q);
    (* ram_style = "distributed" *) reg [10:0] words [0:(1<<BITS)-1];
    always @(posedge clk) begin
        if (write) words[at] <= d;
        q <= words[at];
    end
endmodule
module small (input clk, write, input [7:0] at, input [10:0] d, output [10:0] q);
    one #(.BITS(8)) memory (.clk(clk), .write(write), .at(at), .d(d), .q(q));
endmodule
module two (input clk, write, input [8:0] at, from, input [10:0] d, output reg [10:0] q);
    (* ram_style = "distributed" *) reg [10:0] words [0:511];
    always @(posedge clk) begin
        if (write) words[at] <= d;
        q <= words[from];
    end
endmodule
V
cat > "$folder/map.py" <<'PY'
import sys
from pyosys import libyosys
design = libyosys.Design()
libyosys.run_pass(f"read_verilog {sys.argv[3]}", design)
libyosys.run_pass(f"synth_xilinx -family {sys.argv[2]} -flatten -noiopad -noclkbuf -top {sys.argv[1]}", design)
libyosys.run_pass("stat", design)
PY
said() {
    local log="$folder/$1-$2.log"
    if "$folder/env/bin/python" "$folder/map.py" "$1" "$2" "$folder/memory.v" > "$log" 2>&1; then
        echo "$1 $2: $(grep -oE 'RAM[0-9]+[A-Z0-9]+ *$' "$log" | sort -u | tr '\n' ' ' | sed 's/ *$//')"
    else
        echo "$1 $2: $(grep -ohE 'ERROR: ?invalid OPTION_ABITS.*' "$log" | head -1)"
    fi
}
found=$(said one xc7; said small xcup; said two xcup; said one xcup; said one xcu)
echo "$found"
wanted="one xc7: RAM256X1S
small xcup: RAM256X1S
two xcup: RAM64M8
one xcup: ERROR:invalid OPTION_ABITS/WIDTH combination.
one xcu: ERROR:invalid OPTION_ABITS/WIDTH combination."
[ "$found" = "$wanted" ]
