#!/usr/bin/env bash
# csv2vcd 0.1.0: the time of a sample is int(number * timestep * units per second) in floats, cut off, not rounded. With the defaults (a timestep of
# 1e-6 s, unit us) sample 15 is written at #14, where sample 14 is too, and nothing stands at #15; 283 of the first 1000 samples are a
# microsecond early, and those that share a time overwrite one another in every viewer. Steps of 10 ns and 5 ns with unit ns lose some as well; 1 ns and
# 1 ms do not. No warning. It hurts who converts samples of a logic analyzer. Reference: number * timestep in integers, pyvcd 0.4.2's tokenizer.
# Exit status 0 while the behaviour is as described.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check csv2vcd==0.1.0 pyvcd==0.4.2
"$folder/env/bin/python" -W ignore - "$folder" <<'PY' | tee "$folder/seen"
import contextlib, io, sys

from main import csv_to_vcd
from vcd.reader import tokenize

folder, count = sys.argv[1], 1000
with open(f"{folder}/samples.csv", "w") as file:
    file.writelines(f"{n % 2}\n" for n in range(count))
for step, unit, ticks in ((1e-6, "us", 1), (10e-9, "ns", 10), (5e-9, "ns", 5), (1e-9, "ns", 1), (1e-3, "ms", 1)):
    with contextlib.redirect_stdout(io.StringIO()):
        csv_to_vcd(f"{folder}/samples.csv", f"{folder}/wave.vcd", ["clock"], timestep=step, time_unit=unit)
    with open(f"{folder}/wave.vcd", "rb") as file:
        times = [token.data for token in tokenize(file) if token.kind.name == "CHANGE_TIME"]
    early = [n for n in range(count) if times[n] != n * ticks]
    print(f"{step:g} s in {unit}: {len(early)} of {len(times)} early, two at once {count - len(set(times))}", end="")
    print(f", sample {early[0]} at #{times[early[0]]}, right #{early[0] * ticks}" if early else "")
PY
cat > "$folder/expected" <<'EXPECTED'
1e-06 s in us: 283 of 1000 early, two at once 222, sample 15 at #14, right #15
1e-08 s in ns: 14 of 1000 early, two at once 0, sample 49 at #489, right #490
5e-09 s in ns: 14 of 1000 early, two at once 0, sample 49 at #244, right #245
1e-09 s in ns: 0 of 1000 early, two at once 0
0.001 s in ms: 0 of 1000 early, two at once 0
EXPECTED
diff "$folder/expected" "$folder/seen"
