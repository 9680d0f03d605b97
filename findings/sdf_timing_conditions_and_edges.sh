#!/usr/bin/env bash
# sdf-timing 0.0.post131 (F4PGA's reader and writer of Standard Delay Format, IEEE 1497), parse() of a valid file:
# - the condition of a COND path is given to every path before it in its group, with another condition or none: a delay that always
#   holds then holds for "!S" alone;
# - paths are kept by kind and pins: of two between the same pins, for another edge, (posedge CLK) and (negedge CLK), or under another
#   condition, only the last is left. So are SETUP and HOLD of rising and falling data, and WIDTH of a high and a low pulse.
# emit() writes that, and leaves (DIVIDER /) out, whose default is ".". No warning. It hurts who annotates or merges delays of cells with
# both edges or conditions. Reference: the brackets of the file, read as nested lists.
# Exit status 0 while the behaviour is as described.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check sdf-timing==0.0.post131 ply==3.11
"$folder/env/bin/python" -W ignore - <<'PY' | tee "$folder/seen"
import re

from sdf_timing import sdfparse

source = """(DELAYFILE
  (SDFVERSION "3.0") (DIVIDER /) (TIMESCALE 1ps)
  (CELL (CELLTYPE "DFF") (INSTANCE core/u1)
    (DELAY (ABSOLUTE
      (IOPATH (posedge CLK) Q (1.0:1.0:1.0))
      (IOPATH (negedge CLK) Q (2.0:2.0:2.0))
      (IOPATH A Y (3.0:3.0:3.0))
      (COND (S) (IOPATH B Y (4.0:4.0:4.0)))
      (COND (!S) (IOPATH B Y (5.0:5.0:5.0)))
      (IOPATH C Y (6.0:6.0:6.0))))
    (TIMINGCHECK
      (SETUP (posedge D) (posedge CLK) (7.0:7.0:7.0))
      (SETUP (negedge D) (posedge CLK) (8.0:8.0:8.0))
      (WIDTH (posedge CLK) (9.0:9.0:9.0))
      (WIDTH (negedge CLK) (10.0:10.0:10.0)))))
"""


def nested(text):
    """Its brackets as lists."""
    stack = [[]]
    for token in re.findall(r"[()]|[^()\s]+", text):
        if token == "(":
            stack.append([])
        elif token == ")":
            stack[-2].append(stack.pop())
        else:
            stack[-1].append(token)
    return stack[0][0]


def entries(tree, condition="always"):
    """Paths and checks with their condition and first delay."""
    if tree[0] == "COND":
        condition, tree = "".join(tree[1]), tree[2]
    if tree[0] in ("IOPATH", "SETUP", "WIDTH"):
        pins = [" ".join(pin) if isinstance(pin, list) else pin for pin in tree[1:-1]]
        yield tree[-1][0].split(":")[0], f"{tree[0]} {', '.join(pins)} {condition}"
    else:
        for part in tree:
            if isinstance(part, list):
                yield from entries(part, condition)


written = nested(sdfparse.emit(sdfparse.parse(source)))
right, found = dict(entries(nested(source))), dict(entries(written))
for delay, entry in right.items():
    print(f"{delay}: right {entry}, written {found.get(delay, 'nothing')}")
for word in ("DIVIDER", "TIMESCALE"):
    print(f"{word}: right {[p for p in nested(source) if p[0] == word]}, written {[p for p in written if p[0] == word]}")
PY
cat > "$folder/expected" <<'EXPECTED'
1.0: right IOPATH posedge CLK, Q always, written nothing
2.0: right IOPATH negedge CLK, Q always, written IOPATH negedge CLK, Q !S
3.0: right IOPATH A, Y always, written IOPATH A, Y !S
4.0: right IOPATH B, Y S, written nothing
5.0: right IOPATH B, Y !S, written IOPATH B, Y !S
6.0: right IOPATH C, Y always, written IOPATH C, Y always
7.0: right SETUP posedge D, posedge CLK always, written nothing
8.0: right SETUP negedge D, posedge CLK always, written SETUP negedge D, posedge CLK always
9.0: right WIDTH posedge CLK always, written nothing
10.0: right WIDTH negedge CLK always, written WIDTH negedge CLK always
DIVIDER: right [['DIVIDER', '/']], written []
TIMESCALE: right [['TIMESCALE', '1ps']], written [['TIMESCALE', '1ps']]
EXPECTED
diff "$folder/expected" "$folder/seen"
