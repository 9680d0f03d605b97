#!/usr/bin/env bash
# vcdvcd 2.6.0 reads a VCD file by lines. IEEE 1364 (18.2) has the commands of a VCD file separated by white space, line breaks or not.
# Value changes that share a line, with each other or with $dumpvars, and changes on a line that starts with a blank, are dropped
# without a word: signals keep their old value, or have none. Where an identifier stands on the line behind its vector it is a
# ValueError. pyvcd 0.4.2's tokenizer reads all of these files alike. It hurts who checks a simulation by such a file when it comes
# from another writer than the usual simulators, or was reformatted.
# Exit status 0 while the behaviour is as described.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check vcdvcd==2.6.0 pyvcd==0.4.2
"$folder/env/bin/python" -W ignore - "$folder/wave.vcd" <<'PY' | tee "$folder/seen"
import sys

from vcd.reader import tokenize
from vcdvcd import VCDVCD

head = """$timescale 1 ns $end
$scope module top $end
$var wire 1 ! valid $end
$var wire 8 # data [7:0] $end
$upscope $end
$enddefinitions $end
"""
bodies = {
    "a line each": "#0\n0!\nb0 #\n#5\n1!\nb101 #\n#9\n",
    "one line a time": "#0\n0! b0 #\n#5\n1! b101 #\n#9\n",
    "dumpvars on a line": "$dumpvars 0! b0 # $end\n#5\n1!\nb101 #\n#9\n",
    "indented": "#0\n  0!\n  b0 #\n#5\n  1!\n  b101 #\n#9\n",
    "identifier on the next line": "#0\n0!\nb0\n#\n#5\n1!\nb101\n#\n#9\n",
}
for name, body in bodies.items():
    with open(sys.argv[1], "w") as out:
        out.write(head + body)
    time, right = 0, {"!": [], "#": []}
    with open(sys.argv[1], "rb") as wave:
        for token in tokenize(wave):
            if token.kind.name == "CHANGE_TIME":
                time = token.data
            elif token.kind.name.startswith("CHANGE_"):
                value = token.data.value
                right[token.data.id_code].append((time, int(value)))
    try:
        read = VCDVCD(sys.argv[1])
        seen = [[(t, int(v, 2)) for t, v in read[s].tv] for s in read.signals]
    except ValueError as error:
        seen = type(error).__name__
    print(f"{name}: vcdvcd {seen}, pyvcd {list(right.values())}")
PY
cat > "$folder/expected" <<'EXPECTED'
a line each: vcdvcd [[(0, 0), (5, 1)], [(0, 0), (5, 5)]], pyvcd [[(0, 0), (5, 1)], [(0, 0), (5, 5)]]
one line a time: vcdvcd [[], []], pyvcd [[(0, 0), (5, 1)], [(0, 0), (5, 5)]]
dumpvars on a line: vcdvcd [[(5, 1)], [(5, 5)]], pyvcd [[(0, 0), (5, 1)], [(0, 0), (5, 5)]]
indented: vcdvcd [[], []], pyvcd [[(0, 0), (5, 1)], [(0, 0), (5, 5)]]
identifier on the next line: vcdvcd ValueError, pyvcd [[(0, 0), (5, 1)], [(0, 0), (5, 5)]]
EXPECTED
diff "$folder/expected" "$folder/seen"
