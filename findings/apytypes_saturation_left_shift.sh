#!/usr/bin/env bash
# apytypes 0.5.1, cast() with OverflowMode.SAT of APyFixed and APyFixedArray (docs: "Saturate when overflowing"): where the new format has more
# fractional bits, the number is shifted left inside a word of whole 64-bit limbs first, and compared with the limits afterwards. Bits that
# left that word are gone: a large positive number becomes 0 or the most *negative* one, a large negative one 0. Accumulators of 64
# bits (63, 127, 128 too) are hit, those of 65 bits hold. The same number with no more fractional bits saturates right; so does casting
# to fewer integer bits first. No warning. It hurts who models a wide accumulator in front of a saturating output. Reference: Python's integers.
# Exit status 0 while the behaviour is as described.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check apytypes==0.5.1 numpy==2.4.6
"$folder/env/bin/python" -W ignore - <<'PY' | tee "$folder/seen"
from apytypes import APyFixed, APyFixedArray, OverflowMode


def right(value, bits, frac_bits):
    """The integer value in the new format, saturated, as a multiple of 2 ** -frac_bits."""
    return max(-(2 ** (bits - 1)), min(2 ** (bits - 1) - 1, value << frac_bits))


def signed(number):
    return number.to_bits() - (number.to_bits() >> (number.bits - 1) << number.bits)


saturate = {"overflow": OverflowMode.SAT}
for width, value in ((64, 2**59), (64, 2**61), (64, -(2**61)), (65, 2**61), (128, 2**125), (128, -(2**125)), (32, 2**30)):
    for frac_bits in (0, 4):
        one = APyFixed(value, bits=width, frac_bits=0).cast(bits=32, frac_bits=frac_bits, **saturate)
        many = APyFixedArray([value], bits=width, frac_bits=0).cast(bits=32, frac_bits=frac_bits, **saturate)[0]
        found = f"{signed(one)}" if signed(one) == signed(many) else f"{signed(one)}, in an array {signed(many)}"
        print(f"{width} bits, {value / 2 ** (width - 1):+g} of full scale, to 32 bits with {frac_bits} of fraction: {found}, right {right(value, 32, frac_bits)}")
PY
cat > "$folder/expected" <<'EXPECTED'
64 bits, +0.0625 of full scale, to 32 bits with 0 of fraction: 2147483647, right 2147483647
64 bits, +0.0625 of full scale, to 32 bits with 4 of fraction: -2147483648, right 2147483647
64 bits, +0.25 of full scale, to 32 bits with 0 of fraction: 2147483647, right 2147483647
64 bits, +0.25 of full scale, to 32 bits with 4 of fraction: 0, right 2147483647
64 bits, -0.25 of full scale, to 32 bits with 0 of fraction: -2147483648, right -2147483648
64 bits, -0.25 of full scale, to 32 bits with 4 of fraction: 0, right -2147483648
65 bits, +0.125 of full scale, to 32 bits with 0 of fraction: 2147483647, right 2147483647
65 bits, +0.125 of full scale, to 32 bits with 4 of fraction: 2147483647, right 2147483647
128 bits, +0.25 of full scale, to 32 bits with 0 of fraction: 2147483647, right 2147483647
128 bits, +0.25 of full scale, to 32 bits with 4 of fraction: 0, right 2147483647
128 bits, -0.25 of full scale, to 32 bits with 0 of fraction: -2147483648, right -2147483648
128 bits, -0.25 of full scale, to 32 bits with 4 of fraction: 0, right -2147483648
32 bits, +0.5 of full scale, to 32 bits with 0 of fraction: 1073741824, right 1073741824
32 bits, +0.5 of full scale, to 32 bits with 4 of fraction: 2147483647, right 2147483647
EXPECTED
diff "$folder/expected" "$folder/seen"
