#!/usr/bin/env bash
# pyDigitalWaveTools 1.2 (VcdParser) and pymergevcd 0.6.1: a VCD file may declare one identifier code for several names (IEEE 1364, 18.2.3.8:
# a net seen in several scopes), and simulators do so for every port that continues a signal of the module above. Changes then belong to all
# those names. The parser gives them to the first one, the others have an empty list of changes; the merger gives them to the last one,
# the others stay x for ever. So either the signals outside of a module or those inside are dead. No warning. Reference: the words of
# the file, read one by one, changes kept by identifier.
# Exit status 0 while the behaviour is as described.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check pyDigitalWaveTools==1.2 pymergevcd==0.6.1
"$folder/env/bin/python" -W ignore - "$folder" <<'PY' | tee "$folder/seen"
import os, sys

from pyDigitalWaveTools.vcd.parser import VcdParser
from pymergevcd.io_manager import InputOutputManager

os.chdir(sys.argv[1])
body = """$timescale 1 ns $end
$scope module top $end
$var wire 1 ! valid $end
$var wire 1 # ready $end
$scope module core $end
$var wire 1 ! in_valid $end
$upscope $end
$upscope $end
$enddefinitions $end
$dumpvars
0!
0#
$end
#5
1!
#7
1#
#9
0!
"""
for name in ("a", "b"):
    with open(f"{name}.vcd", "w") as file:
        file.write(body)


def changes(path):
    """By full name, of all names of an identifier."""
    time, scope, codes, series = 0, [], {}, {}
    with open(path) as file:
        words = iter(file.read().split())
    for word in words:
        if word == "$scope":
            scope.append([next(words), next(words), next(words)][1])
        elif word == "$upscope":
            scope.pop()
        elif word == "$var":
            _, _, code, name = (next(words) for _ in range(4))
            codes[".".join([*scope, name])] = code
        elif word[0] == "#" and word[1:].isdigit():
            time = int(word[1:])
        elif word[0] in "01x" and word[1:] in codes.values():
            series.setdefault(word[1:], []).append((time, word[0]))
    return {name: series.get(code, []) for name, code in codes.items()}


def parsed(scope, path=()):
    """Of the tree that VcdParser makes."""
    for child in scope["children"]:
        if "children" in child:
            yield from parsed(child, (*path, child["name"]))
        else:
            yield ".".join((*path, child["name"])), [tuple(change) for change in child["data"]]


parser = VcdParser()
with open("a.vcd") as file:
    parser.parse(file)
tree = dict(parsed(parser.scope.toJson()))
InputOutputManager().merge_files(["a.vcd", "b.vcd"], "merged.vcd")
merged = changes("merged.vcd")
for name, right in changes("a.vcd").items():
    print(f"{name}: right {right}, VcdParser {tree[name]}, merged {merged['a.' + name]}")
PY
cat > "$folder/expected" <<'EXPECTED'
top.valid: right [(0, '0'), (5, '1'), (9, '0')], VcdParser [(0, '0'), (5, '1'), (9, '0')], merged [(0, 'x')]
top.ready: right [(0, '0'), (7, '1')], VcdParser [(0, '0'), (7, '1')], merged [(0, '0'), (7, '1')]
top.core.in_valid: right [(0, '0'), (5, '1'), (9, '0')], VcdParser [], merged [(0, '0'), (5, '1'), (9, '0')]
EXPECTED
diff "$folder/expected" "$folder/seen"
