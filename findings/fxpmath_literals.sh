#!/usr/bin/env bash
# fxpmath 0.4.10, numbers given as text (README: "strings (bin, hex, dec)"), as they stand in files for $readmemb and $readmemh:
# - in a signed word that is wider than the literal '0b1011' is extended by its first bit and becomes -5, '0xB' and the integer 0b1011 are
#   11; one bit pattern, two values, by the base it is written in. With as many digits as the word has, or unsigned, they agree;
# - a list of such strings is converted in place: the caller's own list holds integers afterwards, those of the first word's sign and
#   width. The same list given to an unsigned word then is clipped to 0 where it should be the pattern.
# No warning. Its text on the constructor does not say either.
# Exit status 0 while the behaviour is as described.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check fxpmath==0.4.10 numpy==2.3.5
"$folder/env/bin/python" -W ignore - <<'PY' | tee "$folder/seen"
from fxpmath import Fxp

for signed, width in ((True, 4), (True, 8), (False, 8)):
    values = [Fxp(v, signed, width, 0)().item() for v in ("0b1011", "0xB")]
    print(f"{'signed' if signed else 'unsigned'}, {width} bits: '0b1011' {values[0]}, '0xB' {values[1]}")
print("signed, 8 bits: integer 0b1011", Fxp(0b1011, True, 8, 0)().item())
lines = ["0b1011", "0b0110"]
print("list, unsigned, 4 bits:", Fxp(list(lines), False, 4, 0)().tolist())
print("list, signed, 4 bits:", Fxp(lines, True, 4, 0)().tolist())
print("the list now:", lines)
print("list, unsigned, 4 bits:", Fxp(lines, False, 4, 0)().tolist())
PY
cat > "$folder/expected" <<'EXPECTED'
signed, 4 bits: '0b1011' -5, '0xB' -5
signed, 8 bits: '0b1011' -5, '0xB' 11
unsigned, 8 bits: '0b1011' 11, '0xB' 11
signed, 8 bits: integer 0b1011 11
list, unsigned, 4 bits: [11, 6]
list, signed, 4 bits: [-5, 6]
the list now: [-5, 6]
list, unsigned, 4 bits: [0, 6]
EXPECTED
diff "$folder/expected" "$folder/seen"
