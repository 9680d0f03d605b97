#!/usr/bin/env bash
# ml_dtypes 0.6.0 with numpy 2.3.5: sums of its small integers are kept in the small type and wrap. NumPy's documents on sum: an integer
# narrower than the platform's is summed in the platform's, and a mean of integers is computed in float64. So three int8 of 100 make 300
# with mean 100; three int4 of 7 make 5 with mean 1. np.dot and "@" of two vectors, the same thing for NumPy's own types (they wrap
# at int8), sum in int4 and in int8: 3 and -109. A constant widens (7 + 1 is 8, an int8), another int4 does not (7 + 7 is -2).
# No warning, and sums that fit look right. It hurts who keeps weights or activations in int4 (ONNX, JAX and TFLite do) and checks an
# accumulator or a mean with NumPy. astype(int) first is right.
# Exit status 0 while the behaviour is as described.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check ml_dtypes==0.6.0 numpy==2.3.5
"$folder/env/bin/python" -W ignore - <<'PY' | tee "$folder/seen"
import ml_dtypes
import numpy as np

for kind, value in ((np.int8, 100), (ml_dtypes.int4, 7), (ml_dtypes.uint4, 15), (ml_dtypes.int2, 1)):
    a = np.array([value] * 3, kind)
    found = {"sum": a.sum(), "mean": a.mean(), "dot": np.dot(a, a), "@": a @ a}
    found |= {"a + a": (a + a)[0], "a + 1": (a + 1)[0]}
    print(np.dtype(kind), f"[{value}] * 3:", ", ".join(f"{n} {round(float(v), 2):g}" for n, v in found.items()))
PY
cat > "$folder/expected" <<'EXPECTED'
int8 [100] * 3: sum 300, mean 100, dot 48, @ 48, a + a -56, a + 1 101
int4 [7] * 3: sum 5, mean 1, dot 3, @ -109, a + a -2, a + 1 8
uint4 [15] * 3: sum 13, mean 4, dot 3, @ -93, a + a 14, a + 1 16
int2 [1] * 3: sum -1, mean 0, dot -1, @ 3, a + a -2, a + 1 2
EXPECTED
diff "$folder/expected" "$folder/seen"
