"""Constructs of the record put back into a module of the library, in as many guises as they have: each is caught."""

from pathlib import Path

import pytest

from finn_build.dataflow.ops.finn_op import RTL_DIR
from finn_build.rtl.lint import RULES, Finding, lint

HOST = RTL_DIR / "lib" / "sf_fifo.sv"
REST = RTL_DIR / "lib" / "sf_ram.sv"
PLACES = {  # where in the host: the line that a construct is put before
    "body": "    localparam int SRL_PLACES",
    "parameter": "    parameter int WIDTH = 8,",
    "port": "    input  wire              rst,",
    "before": "module sf_fifo",
}


def _cases(name: str) -> list[tuple[str, ...]]:
    lines = (Path(__file__).parent / name).read_text().splitlines()
    return [tuple(line.split(" | ")) for line in lines if not line.startswith("#")]


CASES = _cases("put_back.txt")
VERILOG = _cases("verilog.txt")
# contents of a file for 4 words of 8 bits: the rule that they break
MEMORIES = {
    "memory-commas": ("1,2,3,4\n", "1, 2\n3\n4\n5\n", "1\n2\n3\n4,\n"),
    "memory-format": tuple(
        f"{line}\n2\n3\n4\n" for line in ("0_1", "@0", "@0 1", "1 2", "// one", "x1", "0x1", "100", "", "8'h1", "-1")
    ),
    "memory-length": ("1\n2\n3\n", "1\n2\n3\n4\n5\n", ""),
}  # fmt: skip


def _put_back(folder: Path, place: str, construct: str) -> Path:
    text, where = HOST.read_text(), PLACES[place]
    assert text.count(where) == 1
    path = folder / HOST.name
    path.write_text(text.replace(where, f"{construct}\n{where}"))
    return path


@pytest.mark.parametrize(("rule", "place", "construct"), CASES)
def test_a_construct_is_caught(rule: str, place: str, construct: str, tmp_path: Path) -> None:
    """In the file and at the line where it stands."""
    path = _put_back(tmp_path, place, construct)
    line = path.read_text()[: path.read_text().index(construct)].count("\n") + 1
    found = [f for f in lint([REST, path], memories=tmp_path) if f.rule is RULES[rule]]
    assert found and all((f.file, f.line) == (path, line) for f in found), found


def test_every_rule_on_sources_is_put_back() -> None:
    """Those that are left out are of whole files, and are told by other tests here."""
    assert set(RULES) - {rule for rule, *_ in CASES + VERILOG} - set(MEMORIES) == {
        "default-nettype", "driven-reg", "connected-reg", "verilog-root", "verilog-localparam", "verilog-array-port",
        "block-design-top", "block-design-parameter", "memory-name", "memory-missing",
    }  # fmt: skip


@pytest.mark.parametrize(("rule", "contents"), [(rule, text) for rule, texts in MEMORIES.items() for text in texts])
def test_memory_files_are_read(rule: str, contents: str, tmp_path: Path) -> None:
    assert {f.rule.id for f in _of_a_rom(tmp_path, "words.mem", contents)} == {rule}


@pytest.mark.parametrize(
    ("name", "rules"),
    [
        ("words.mem", set()),
        ("words.hex", {"memory-name"}),
        ("words.txt", {"memory-name"}),
        ("", {"memory-missing", "memory-name", "null-string"}),
    ],
)
def test_names_of_memory_files(name: str, rules: set[str], tmp_path: Path) -> None:
    assert {f.rule.id for f in _of_a_rom(tmp_path, name, "1\n2\n3\nff\n")} == rules


def _of_a_rom(folder: Path, name: str, contents: str) -> list[Finding]:
    if name:
        (folder / name).write_text(contents)
    top = folder / "top.v"
    top.write_text(
        "`default_nettype none\nmodule top(input wire clk, input wire [1:0] addr, output wire [7:0] q);\n"
        f'    sf_rom #(.DEPTH(4), .WIDTH(8), .INIT_FILE("{name}")) rom (\n'
        "        .clk(clk), .en(1'b1), .addr(addr), .data_q(q)\n    );\n"
        "endmodule\n`default_nettype wire\n"
    )
    rom = [RTL_DIR / "lib" / f"sf_rom{kind}.sv" for kind in ("", "_distributed")]
    return lint([*rom, top], "top", memories=folder)


@pytest.mark.parametrize(("rule", "construct"), VERILOG)
def test_systemverilog_in_a_verilog_file(rule: str, construct: str, tmp_path: Path) -> None:
    """Where Vivado would read it as Verilog."""
    path = tmp_path / "bad.v"
    path.write_text(
        "`default_nettype none\nmodule bad2(input wire a, output wire q);\n    assign q = a;\nendmodule\n"
        f"module bad(input wire a, output wire q);\n    assign q = a;\n    {construct}\nendmodule\n"
        "`default_nettype wire\n"
    )
    assert 7 in {f.line for f in lint([path]) if f.rule is RULES[rule]}


def test_a_module_of_the_library_as_verilog(tmp_path: Path) -> None:
    path = tmp_path / "sf_ram.v"
    path.write_text(REST.read_text())
    assert all(f.rule.id.startswith("verilog-") for f in lint([path])) and lint([path])


@pytest.mark.parametrize(
    "instead", ["", "/*\n`default_nettype wire\n*/", "`ifdef NEVER\n`default_nettype wire\n`endif"]
)
def test_what_is_not_read_says_no_net_type(instead: str, tmp_path: Path) -> None:
    path = tmp_path / "sf_ram.sv"
    path.write_text(REST.read_text().replace("`default_nettype wire", instead))
    assert {f.rule.id for f in lint([path])} == {"default-nettype"}


def test_a_file_of_binary_words_has_binary_digits(tmp_path: Path) -> None:
    path = tmp_path / "top.sv"
    path.write_text(
        "`default_nettype none\nmodule top(input wire [1:0] a, output wire [3:0] q);\n    logic [3:0] words[4];\n"
        '    initial $readmemb("words.mem", words);\n    assign q = words[a];\nendmodule\n`default_nettype wire\n'
    )
    for contents, rules in (("1\n10\n1111\n0\n", set()), ("1\n2\n3\nf\n", {"memory-format"})):
        (tmp_path / "words.mem").write_text(contents)
        assert {f.rule.id for f in lint([path], memories=tmp_path)} == rules
