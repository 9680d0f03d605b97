#!/usr/bin/env bash
# bincopy 20.1.1, Verilog memory files: IEEE 1364 (17.2.8) has $readmemh load from the lowest address when none is named, so "@" is optional, and
# files of weights mostly have none. add() and add_verilog_vmem() take such a file as Verilog VMEM and keep nothing of it: no segment,
# empty as_binary(), length 0, no error. In a file whose first "@" comes later, the words above it are dropped. With "@0" in front it is
# right. It hurts who converts or compares memory images in a script: two different files are equal. Reference: Yosys 0.70, $readmemh.
# Exit status 0 while the behaviour is as described.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check bincopy==20.1.1 pyosys==0.70
cat > "$folder/look.py" <<'PY'
import sys

import bincopy
from pyosys import libyosys

folder = sys.argv[1]
files = {"no address": "12\n34\n56\n78\n", "address later": "12 34\n@2\n56 78\n", "address 0": "@0\n12 34 56 78\n"}
module = """module top (output [7:0] word0, word1, word2, word3);
    reg [7:0] memory [0:3];
    initial $readmemh("FILE", memory);
    assign {word0, word1, word2, word3} = {memory[0], memory[1], memory[2], memory[3]};
endmodule
"""
with open(f"{folder}/seen", "w") as out:
    for name, text in files.items():
        with open(f"{folder}/image.hex", "w") as file:
            file.write(text)
        with open(f"{folder}/top.v", "w") as file:
            file.write(module.replace("FILE", f"{folder}/image.hex"))
        design, loaded = libyosys.Design(), ""
        for step in (f"read_verilog {folder}/top.v", "hierarchy -top top", "proc", "memory", "opt"):
            libyosys.run_pass(f"tee -q -o {folder}/log {step}", design)
        for word in range(4):
            libyosys.run_pass(f"tee -q -o {folder}/value eval -show word{word}", design)
            loaded += f"{int(open(f'{folder}/value').read().split(chr(39))[-1].rstrip('.' + chr(10)), 2):02x}"
        image, guessed = bincopy.BinFile(), bincopy.BinFile()
        image.add_verilog_vmem_file(f"{folder}/image.hex")
        guessed.add_file(f"{folder}/image.hex")
        print(f"{name}: $readmemh {loaded}, bincopy {image.as_binary().hex()!r} of {len(image)} bytes, guessed {guessed.as_binary().hex()!r}", file=out)
PY
"$folder/env/bin/python" -W ignore "$folder/look.py" "$folder" > "$folder/output" 2>&1 || { cat "$folder/output"; exit 1; }
cat "$folder/seen"
cat > "$folder/expected" <<'EXPECTED'
no address: $readmemh 12345678, bincopy '' of 0 bytes, guessed ''
address later: $readmemh 12345678, bincopy '5678' of 2 bytes, guessed '5678'
address 0: $readmemh 12345678, bincopy '12345678' of 4 bytes, guessed '12345678'
EXPECTED
diff "$folder/expected" "$folder/seen"
