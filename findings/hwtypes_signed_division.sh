#!/usr/bin/env bash
# hwtypes 1.4.7, whose BitVector and SMTBitVector have one interface, SMT-LIB's: bvsdiv divides towards zero and bvsrem takes the
# dividend's sign there (theory of bit vectors; bvsmod is the other one). SMTBitVector does so; BitVector, and "//" and "%" of
# SIntVector, use Python's floor division: -7 by 2 gives -4 and 1, not -3 and -1, and a negative number by zero -1, not 1. What is
# proven of a design over SMTBitVector, or made in Verilog, where "/" is towards zero too, differs from what BitVector computed. No warning.
# Unsigned division and equal signs agree.
# Exit status 0 while the behaviour is as described.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check hwtypes==1.4.7 PySMT==0.9.6
"$folder/env/bin/python" -W ignore - <<'PY' | tee "$folder/seen"
from hwtypes import BitVector, SIntVector, SMTBitVector


def proven(value):
    """Of a constant term, as a signed number."""
    return value.value.simplify().bv_signed_value()


for a, b in ((7, 2), (-7, 2), (7, -2), (-7, -2), (-7, 0)):
    exact, term = [kind[8](a) for kind in (BitVector, SMTBitVector)], [kind[8](b) for kind in (BitVector, SMTBitVector)]
    for name in ("bvsdiv", "bvsrem"):
        seen, right = (getattr(x, name)(y) for x, y in zip(exact, term))
        print(f"{name} {a} {b}: BitVector {seen.as_sint()}, SMTBitVector {proven(right)}")
print("SIntVector -7 // 2, -7 % 2:", int(SIntVector[8](-7) // SIntVector[8](2)), int(SIntVector[8](-7) % SIntVector[8](2)))
PY
cat > "$folder/expected" <<'EXPECTED'
EXPECTED
diff "$folder/expected" "$folder/seen"
