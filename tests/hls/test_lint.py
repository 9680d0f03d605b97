"""What Vitis HLS does not synthesise is found; the library of the HLS back end holds none of it."""

from pathlib import Path

import pytest

from finn_build.hls.design import LIBRARY
from finn_build.hls.lint import lint_cpp

BAD = {
    "allocation": "int f(int n) {\n    int* x = new int[n];\n    return x[0];\n}\n",
    "template-library": "#include <vector>\n",
    "system-call": 'void f(int x) {\n    printf("%d", x);\n}\n',
    "long-double": "std::complex<long double> z;\n",
    "main": "int main() {\n    return 0;\n}\n",
    "recursion": "int f(int n) {\n    return n < 2 ? 1 : n * f(n - 1);\n}\n",
}


@pytest.mark.parametrize("rule", BAD)
def test_a_file_that_breaks_a_rule_is_found(rule: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.cpp"
    path.write_text(BAD[rule])
    found = lint_cpp(path)
    assert len(found) == 1 and f": {rule}: " in found[0], found


def test_what_only_simulation_compiles_passes(tmp_path: Path) -> None:
    path = tmp_path / "good.cpp"
    path.write_text("#ifndef __SYNTHESIS__\n#include <vector>\n#endif\n// new int[3]\n")
    assert not lint_cpp(path)


def test_the_library_holds_none_of_it() -> None:
    found = [line for path in sorted(LIBRARY.glob("*.h")) for line in lint_cpp(path)]
    assert LIBRARY.is_dir() and not found, "\n".join(found)
