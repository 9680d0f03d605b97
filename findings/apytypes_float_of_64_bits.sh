#!/usr/bin/env bash
# apytypes 0.5.1: float() and to_numpy() of the most negative number of 64 bits, of APyFixed and APyFixedArray, give twice its value:
# -1 of Q1.63 is -2.0000000000000004. 63 and 65 bits, and the numbers beside it, are right, and so are its
# to_bits(), comparisons and arithmetic, so that float(x * y) and float(x) * float(y) are not the same. Saturating to 64 bits makes just this number.
# No warning. Reference: Python's integers.
# Exit status 0 while the behaviour is as described.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check apytypes==0.5.1 numpy==2.4.6
"$folder/env/bin/python" -W ignore - <<'PY' | tee "$folder/seen"
from apytypes import APyFixed, APyFixedArray

for bits in (32, 63, 64, 65, 128):
    for above in (0, 1 << (bits - 12)):
        pattern = (1 << (bits - 1)) + above
        one, many = APyFixed(pattern, bits=bits, int_bits=1), APyFixedArray([pattern], bits=bits, int_bits=1)
        right = (one.to_bits() - (1 << bits)) / (1 << (bits - 1))
        print(f"{bits} bits: float {float(one)!r}, to_numpy {float(many.to_numpy()[0])!r}, half of it {float(one >> 1)!r}, right {right!r}")
PY
cat > "$folder/expected" <<'EXPECTED'
32 bits: float -1.0, to_numpy -1.0, half of it -0.5, right -1.0
32 bits: float -0.99951171875, to_numpy -0.99951171875, half of it -0.499755859375, right -0.99951171875
63 bits: float -1.0, to_numpy -1.0, half of it -0.5, right -1.0
63 bits: float -0.99951171875, to_numpy -0.99951171875, half of it -0.499755859375, right -0.99951171875
64 bits: float -2.0000000000000004, to_numpy -2.0000000000000004, half of it -1.0000000000000002, right -1.0
64 bits: float -0.99951171875, to_numpy -0.99951171875, half of it -0.499755859375, right -0.99951171875
65 bits: float -1.0, to_numpy -1.0, half of it -0.5, right -1.0
65 bits: float -0.99951171875, to_numpy -0.99951171875, half of it -0.499755859375, right -0.99951171875
128 bits: float -1.0, to_numpy -1.0, half of it -0.5, right -1.0
128 bits: float -0.99951171875, to_numpy -0.99951171875, half of it -0.499755859375, right -0.99951171875
EXPECTED
diff "$folder/expected" "$folder/seen"
