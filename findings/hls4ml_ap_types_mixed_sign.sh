#!/usr/bin/env bash
# hls4ml 1.3.0's ap_types, the open ap_int / ap_fixed headers that C simulations without the vendor's tools are compiled against, where
# a signed and an unsigned operand meet:
# - "<" compares values as long as the unsigned one has up to 31 bits; with 32 bits or more -1 < 1 is false, C's rule for unsigned int.
#   A counter widened from 31 to 32 bits, an ap_ufixed too, or the literal 1u turns the comparison round.
# - "%" of an unsigned value by a negative one takes the divisor's bits as unsigned, 7 % -3 = 7, while "/" is signed, 7 / -3 = -2, so
#   that (a / b) * b + a % b is 13. (UG1399, modulus: as for C's integers, sign of the dividend; so 1.)
# Sums and products of mixed signs are right at every width. No warning. The other operator order and equal signs are right.
# Exit status 0 while the behaviour is as described. Needs g++.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check --no-deps hls4ml==1.3.0
headers=$(echo "$folder"/env/lib/python3*/site-packages/hls4ml/templates/vivado/ap_types)
cat > "$folder/mixed.cpp" <<'CPP'
#include <cstdio>
#include "ap_fixed.h"
#include "ap_int.h"
template <int W> void mixed() {
    ap_int<8> negative = -1;
    ap_uint<W> one = 1;
    std::printf("%d bits: -1 < 1u is %d, -1 + 1u is %d\n", W, int(negative < one), int(negative + one));
}
template <int W> void fixed() {
    ap_fixed<8, 8> negative = -1;
    ap_ufixed<W, W> one = 1;
    std::printf("%d bits, fixed point: -1 < 1u is %d\n", W, int(negative < one));
}
int main() {
    mixed<8>(), mixed<31>(), mixed<32>(), mixed<33>(), mixed<64>();
    fixed<31>(), fixed<32>();
    std::printf("literal: -1 < 1 is %d, -1 < 1u is %d\n", int(ap_int<8>(-1) < 1), int(ap_int<8>(-1) < 1u));
    ap_uint<8> seven = 7;
    ap_int<8> three = -3;
    std::printf("7u / -3 is %d, 7u %% -3 is %d\n", int(seven / three), int(seven % three));
    std::printf("7 / -3 is %d, 7 %% -3 is %d\n", int(ap_int<8>(7) / three), int(ap_int<8>(7) % three));
}
CPP
g++ -std=c++14 -O0 -w -I"$headers" -o "$folder/mixed" "$folder/mixed.cpp"
"$folder/mixed" | tee "$folder/seen"
cat > "$folder/expected" <<'EXPECTED'
8 bits: -1 < 1u is 1, -1 + 1u is 0
31 bits: -1 < 1u is 1, -1 + 1u is 0
32 bits: -1 < 1u is 0, -1 + 1u is 0
33 bits: -1 < 1u is 0, -1 + 1u is 0
64 bits: -1 < 1u is 0, -1 + 1u is 0
31 bits, fixed point: -1 < 1u is 1
32 bits, fixed point: -1 < 1u is 0
literal: -1 < 1 is 1, -1 < 1u is 0
7u / -3 is -2, 7u % -3 is 7
7 / -3 is -2, 7 % -3 is 1
EXPECTED
diff "$folder/expected" "$folder/seen"
