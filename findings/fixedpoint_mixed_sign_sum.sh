#!/usr/bin/env bash
# fixedpoint 1.0.1, "+" of a signed and an unsigned FixedPoint ("Full precision addition operator", by its docstring): the sum has one integer
# bit more than the wider operand, its sign bit included. The largest unsigned value needs a sign bit of its own: where the unsigned operand is as
# wide as the signed one or wider, large sums come out negative, 2 + 15 = -15 in Q5.0. By default an overflow clamps, with an error as its
# alert; neither happens. Sums of equal signs and products of mixed ones are exact. It hurts who adds an unsigned bias to a signed
# accumulator. Reference: Python's integers.
# Exit status 0 while the behaviour is as described.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check fixedpoint==1.0.1
"$folder/env/bin/python" -W ignore - <<'PY' | tee "$folder/seen"
from fixedpoint import FixedPoint


def number(value, signed, bits):
    return FixedPoint(value, signed, bits, 0, rounding="nearest")


a, b = number(2, True, 4), number(15, False, 4)
print(f"{int(a)} ({a.qformat}) + {int(b)} ({b.qformat}) = {int(a + b)} ({(a + b).qformat}), on overflow {a.overflow}, alert {a.overflow_alert}")
for left, right in (((True, 4), (False, 4)), ((True, 3), (False, 4)), ((True, 5), (False, 4)), ((True, 4), (True, 4)), ((False, 4), (False, 4))):
    wrong = {"+": 0, "*": 0}
    pairs = [(x, y) for x in range(-8 if left[0] else 0, 16) for y in range(-8 if right[0] else 0, 16)]
    limits = [(-(2 ** (n - 1)), 2 ** (n - 1) - 1) if signed else (0, 2**n - 1) for signed, n in (left, right)]
    pairs = [p for p in pairs if all(low <= v <= high for v, (low, high) in zip(p, limits))]
    for x, y in pairs:
        wrong["+"] += int(number(x, *left) + number(y, *right)) != x + y
        wrong["*"] += int(number(x, *left) * number(y, *right)) != x * y
    names = " and ".join(("signed" if signed else "unsigned") + f" {n}" for signed, n in (left, right))
    print(f"{names} bits: {wrong['+']} of {len(pairs)} sums wrong, {wrong['*']} products")
PY
cat > "$folder/expected" <<'EXPECTED'
2 (Q4.0) + 15 (UQ4.0) = -15 (Q5.0), on overflow clamp, alert error
signed 4 and unsigned 4 bits: 28 of 256 sums wrong, 0 products
signed 3 and unsigned 4 bits: 6 of 128 sums wrong, 0 products
signed 5 and unsigned 4 bits: 0 of 384 sums wrong, 0 products
signed 4 and signed 4 bits: 0 of 256 sums wrong, 0 products
unsigned 4 and unsigned 4 bits: 0 of 256 sums wrong, 0 products
EXPECTED
diff "$folder/expected" "$folder/seen"
