#!/usr/bin/env bash
# apytypes 0.5.1, APyFloat and APyFloatArray of two formats: a sum or difference is computed in a format that holds both (the wider of each
# field). A subnormal operand of the format with the smaller exponent range is twice its value there, so adding a zero doubles
# it: 2 ** -9, the smallest E4M3, plus an E5M2 zero is 2 ** -8. Comparison makes the same of zero: an E4M3 zero is smaller than 2 ** -15 of E5M2 *and*
# equal to it. Products are right, so are sums of equal formats, and those after a cast() to the common format. No warning. FP8 pairs (E4M3
# activations, E5M2 gradients) and FP8 + bfloat16 accumulators are hit. Reference: exact fractions, rounded to nearest even.
# Exit status 0 while the behaviour is as described.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check apytypes==0.5.1 numpy==2.4.6
"$folder/env/bin/python" -W ignore - <<'PY' | tee "$folder/seen"
from fractions import Fraction

from apytypes import APyFloat, APyFloatArray


def numbers(exp_bits, man_bits):
    """All finite ones."""
    return [APyFloat(s, e, m, exp_bits, man_bits) for s in (0, 1) for e in range(2**exp_bits - 1) for m in range(2**man_bits)]


def nearest(value, man_bits, bias):
    """Ties to even; these sums do not overflow."""
    exponent = -bias + 1
    while abs(value) >= Fraction(2) ** (exponent + 1):
        exponent += 1
    step = Fraction(2) ** (exponent - man_bits)
    return round(value / step) * step


exact = {}
for kind in ((4, 3), (5, 2)):
    exact[kind] = [(n, Fraction(float(n))) for n in numbers(*kind)]
for kind, other in (((4, 3), (4, 3)), ((4, 3), (5, 2)), ((5, 2), (4, 3))):
    wrong, products, cast, pairs, both = 0, 0, 0, 0, []
    for a, x in exact[kind][::3]:
        for b, y in (pair for pair in exact[other] if abs(pair[1]) <= 100 >= abs(x)):
            found = a + b
            common, right = (found.exp_bits, found.man_bits), nearest(x + y, found.man_bits, found.bias)
            pairs += 1
            wrong += Fraction(float(found)) != right
            cast += Fraction(float(a.cast(*common) + b.cast(*common))) != right
            products += abs(x * y) < 200 and Fraction(float(a * b)) != nearest(x * y, (a * b).man_bits, (a * b).bias)
            if a < b and a == b:
                both.append((float(a), float(b)))
    print(f"{kind} with {other}: {wrong} of {pairs} sums wrong, {cast} after a cast, {products} products; a < b and a == b: {both[:1]}")
least = APyFloat(0, 0, 1, 4, 3)
for kind in ((4, 3), (5, 2), (5, 10), (8, 7), (8, 23)):
    array = APyFloatArray([0], [0], [1], 4, 3) + APyFloatArray([0], [0], [0], *kind)
    print(f"E4M3 {float(least)} plus 0 of {kind}: {float(least + APyFloat(0, 0, 0, *kind))}, in an array {float(array[0])}")
PY
cat > "$folder/expected" <<'EXPECTED'
(4, 3) with (4, 3): 0 of 16132 sums wrong, 0 after a cast, 0 products; a < b and a == b: []
(4, 3) with (5, 2): 428 of 12876 sums wrong, 0 after a cast, 0 products; a < b and a == b: [(0.0, 3.0517578125e-05)]
(5, 2) with (4, 3): 461 of 12644 sums wrong, 0 after a cast, 0 products; a < b and a == b: [(-3.0517578125e-05, -0.0)]
E4M3 0.001953125 plus 0 of (4, 3): 0.001953125, in an array 0.001953125
E4M3 0.001953125 plus 0 of (5, 2): 0.00390625, in an array 0.00390625
E4M3 0.001953125 plus 0 of (5, 10): 0.00390625, in an array 0.00390625
E4M3 0.001953125 plus 0 of (8, 7): 0.00390625, in an array 0.00390625
E4M3 0.001953125 plus 0 of (8, 23): 0.00390625, in an array 0.00390625
EXPECTED
diff "$folder/expected" "$folder/seen"
