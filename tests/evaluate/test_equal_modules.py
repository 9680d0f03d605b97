"""Equal modules are one before synthesis, others stay apart, and every cell comes out as it did before."""

import gzip
import json
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

from finn_build.dataflow.ops.finn_op import RTL_DIR
from finn_build.evaluate.equal_modules import first_of_equal

_COUNTERS = ("sf_counter_apart.sv", "sf_counter_logic.sv")
_APART = (0, 1, 0, 2, 1, 0)  # PAIRS of each counter
_SYNTHESISE = """
import sys
from pathlib import Path
from finn_build.evaluate import synthesis
if sys.argv[1] == "apart":
    synthesis.share_equal_modules = lambda design: None
synthesis._synthesise("op", "xc7", Path(sys.argv[1]), sys.argv[2:], False)
"""


def _module(name: str, *cells: str) -> str:
    return f"module {name}\n  wire input 1 \\a\n" + "".join(f"  cell {cell}\n  end\n" for cell in cells) + "end\n"


def test_equal_all_the_way_down() -> None:
    stems = "".join(_module(f"\\stem${x}", f"\\leaf${x} \\u") for x in "abc")
    leaves = "".join(
        _module(f"\\leaf${x}", f"{kind} $auto$opt${ord(x)}")
        for x, kind in zip("abc", ("$not", "$not", "$neg"), strict=True)
    )
    first = first_of_equal(stems + leaves)
    assert first["\\leaf$b"] == "\\leaf$a" and first["\\stem$b"] == "\\stem$a"
    assert first["\\leaf$c"] == "\\leaf$c" and first["\\stem$c"] == "\\stem$c"  # its leaf is another one


def test_given_names_stand_for_each_other_one_by_one() -> None:
    """Two inverters in a row are not two side by side."""

    def pair(name: str, number: int, source: str) -> str:
        inverters = ((f"$auto$n${number}", "\\a"), (f"$auto$n${number + 1}", source))
        cells = (f"  cell $not {cell}\n    connect \\A {a}\n    connect \\Y {cell}_y\n  end\n" for cell, a in inverters)
        return f"module {name}\n{''.join(cells)}end\n"

    first = first_of_equal(
        pair("\\row", 1, "$auto$n$1_y") + pair("\\other_row", 7, "$auto$n$7_y") + pair("\\sides", 4, "\\a")
    )
    assert first == {"\\row": "\\row", "\\other_row": "\\row", "\\sides": "\\sides"}


def test_black_boxes_of_equal_ports_stay_apart() -> None:
    first = first_of_equal(_module("\\op_0") + _module("\\op_1"))
    assert first == {"\\op_0": "\\op_0", "\\op_1": "\\op_1"}


def test_synthesis_gives_the_same_cells(tmp_path: Path) -> None:
    """Counters of three kinds, and two memories that differ by one bit."""
    for name in (*_COUNTERS, "sf_rom_distributed.sv"):
        shutil.copy(RTL_DIR / "lib" / name, tmp_path)
    (tmp_path / "a.mem").write_text("\n".join("3516089c2f7e4bda"))
    (tmp_path / "b.mem").write_text("\n".join("3516089c2f7e4bdb"))
    counters = "\n".join(
        f"sf_counter_apart #(.PAIRS({pairs})) c{i} ({', '.join(f'bits[{6 * i + k}]' for k in range(6))}, "
        f"{', '.join(f'counts[{3 * i + k}]' for k in range(3))});"
        for i, pairs in enumerate(_APART)
    )
    memories = "\n".join(
        f'sf_rom_distributed #(.DEPTH(16), .WIDTH(4), .INIT_FILE("{x}.mem")) rom_{x} (clk, en, addr, word_{x});'
        for x in "ab"
    )
    (tmp_path / "op.sv").write_text(
        "module op (input wire clk, en, input wire [35:0] bits, input wire [3:0] addr,\n"
        f"output wire [17:0] counts, output wire [3:0] word_a, word_b);\n{counters}\n{memories}\nendmodule\n"
    )
    found = []
    for how in ("apart", "shared"):
        command = [sys.executable, "-c", _SYNTHESISE, how, "op.sv", *_COUNTERS, "sf_rom_distributed.sv"]
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
        module = json.loads(gzip.decompress((tmp_path / how).read_bytes()))
        found.append(Counter((c["type"], c["parameters"].get("INIT")) for c in module["cells"].values()))
    assert found[0] == found[1]
    assert sum(n for (kind, _), n in found[1].items() if kind.startswith("LUT")) > 3 * len(_APART)
