"""The paper's experiments: every system of its tables, under its protocol and under one that does not leak.

`systems` names what is compared, `datasets` on which images, `protocols` how they are split, `presets` how long is
trained; a `jobs.Job` is one of each, and `tables` says which the paper shows. `python -m brevitas_models.experiments`
runs them.

Training is chaotic: floats summed in another order end in another network. So this package has PyTorch's libraries
use the kernels that all x86 processors with AVX2 share, if it is imported before them and the environment does not name
others. A training then gives the same bits on each of them, with the same versions and number of threads.
"""

import os
import platform

SHARED_KERNELS = {
    "ATEN_CPU_CAPABILITY": "avx2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "MKL_CBWR": "COMPATIBLE",  # AVX2 is not promised to sum alike on processors of two makers
    "OPENBLAS_CORETYPE": "Haswell",
}

if platform.machine() in ("x86_64", "AMD64"):
    for _name, _value in SHARED_KERNELS.items():
        os.environ.setdefault(_name, _value)
