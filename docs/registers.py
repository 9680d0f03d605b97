"""Writes all that knows a register of the shell from `registers.yaml` in `finn_build/rtl/shell`: blocks and files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
SHELL, DRIVER = ROOT / "finn_build/rtl/shell", ROOT / "finn_build/board/driver"
SOURCE = SHELL / "registers.yaml"
_MARK = "registers.yaml"  # blocks are between lines that say `<mark> begin` and `<mark> end`
_WIDTH = 110
Registers = dict[str, dict[str, Any]]


def outputs() -> dict[Path, str]:
    """Every file that is written, as it has to be."""
    constants, common, stream = read().values()
    blocks = {
        SHELL / "sf_shell_registers.sv": _rtl(constants, common, stream),
        DRIVER / "signflow_driver/registers.py": _python(constants, common, stream),
    }
    found = {path: _between(path, lines) for path, lines in blocks.items()}
    found[SHELL / "README.md"] = _readme(common, stream)
    found[DRIVER / "c/signflow_registers.h"] = _header(constants, common, stream)
    found[SHELL / "registers.rdl"] = _rdl(constants, common, stream)
    return found


def read() -> dict[str, Any]:
    """The description: `constants`, `common` and `stream`."""
    return dict(yaml.safe_load(SOURCE.read_text()))


def _between(path: Path, lines: list[str]) -> str:
    """A file with the lines between its marks replaced."""
    head, rest = re.split(rf"(?<={_MARK} begin)\n", path.read_text(), maxsplit=1)
    tail = re.search(rf"^.*{_MARK} end\n", rest, re.MULTILINE)
    assert tail, path
    return "\n".join([head, *lines, rest[tail.start() :]])


def _words(registers: Registers) -> Iterator[tuple[str, int]]:
    """Name and offset of every register; the second of two words is <NAME>_HIGH."""
    for name, register in registers.items():
        yield name, register["at"]
        if register.get("words") == 2:
            yield f"{name}_HIGH", register["at"] + 4


def _named(common: Registers) -> Iterator[tuple[str, str, int]]:
    """Register, name and value of every bit and every value that has a name."""
    for name, register in common.items():
        yield from ((name, bit, 1 << place) for bit, place in register.get("bits", {}).items())
        yield from ((name, value, number) for value, number in register.get("values", {}).items())


def _rtl(constants: dict[str, int], common: Registers, stream: Registers) -> list[str]:
    at = [f"AT_{name} = 6'h{offset // 4:02X}" for name, offset in _words(common)]
    of = [f"OF_{name} = 4'h{offset // 4:X}" for name, offset in _words(stream)]
    first, step = constants["STREAM_0"], constants["STREAM_STEP"]
    return [
        f"    localparam logic [31:0] ID = 32'h{constants['MAGIC']:08X}, VERSION = 32'h{constants['MAJOR'] << 16:08X};",
        f"    localparam logic [5:0] STREAM_0 = 6'd{first // step};  // in steps of {step} bytes",
        *_wrapped("    localparam logic [5:0] ", at),
        *_wrapped("    localparam logic [3:0] ", of),
    ]


def _wrapped(head: str, items: list[str]) -> list[str]:
    """A declaration of constants over several lines."""
    lines, line = [], head
    for number, item in enumerate(items):
        last = number == len(items) - 1
        if len(line) + len(item) > _WIDTH:
            lines.append(line.rstrip())
            line = " " * 8
        line += item + (";" if last else ", ")
    return [*lines, line]


def _python(constants: dict[str, int], common: Registers, stream: Registers) -> list[str]:
    lines = [f"{name} = 0x{register['at']:02X}" for name, register in (*common.items(), *stream.items())]
    lines += [f"{name} = {value}  # of {register}" for register, name, value in _named(common)]
    return [*lines, *(f"{name} = 0x{value:X}" for name, value in constants.items())]


def _header(constants: dict[str, int], common: Registers, stream: Registers) -> str:
    lines = [
        "/* SPDX-License-Identifier: BSD-3-Clause. Copyright (c) 2026, the signflow authors. */",
        "/* The registers of the shell, written by docs/registers.py from registers.yaml. */",
        "#ifndef SIGNFLOW_REGISTERS_H",
        "#define SIGNFLOW_REGISTERS_H",
        "",
        *(f"#define SIGNFLOW_{name} {value:#x}u" for name, value in constants.items()),
        "",
        "/* byte offsets */",
        *(f"#define SIGNFLOW_{name} {offset:#x}u" for name, offset in _words(common)),
        "",
        "/* byte offsets from the first register of a stream */",
        *(f"#define SIGNFLOW_{name} {offset:#x}u" for name, offset in _words(stream)),
        "",
        *(f"#define SIGNFLOW_{name} {value}u /* {register} */" for register, name, value in _named(common)),
        "",
        "#endif",
    ]
    return "\n".join(lines) + "\n"


def _readme(common: Registers, stream: Registers) -> str:
    """The page with the rows of its two tables replaced."""
    text = (SHELL / "README.md").read_text()
    for heading, digits, registers in (("| offset |", 3, common), ("| + |", 2, stream)):
        rows = [
            f"| {_places(register, digits)} | {name} | {register['access']} | {register['what']} |"
            for name, register in registers.items()
        ]
        pattern = rf"({re.escape(heading)}[^\n]*\n\|---[^\n]*\n)(?:\|[^\n]*\n)*"
        body = "".join(f"{row}\n" for row in rows)
        text, count = re.subn(pattern, lambda found, body=body: found[1] + body, text)
        assert count == 1, heading
    return text


def _places(register: dict[str, Any], digits: int) -> str:
    first, words = register["at"], register.get("words", 1)
    last = {1: "", 2: f", {first + 4:02X}"}.get(words, f"-{first + 4 * (words - 1):02X}")
    return f"0x{first:0{digits}X}{last}"


def _rdl(constants: dict[str, int], common: Registers, stream: Registers) -> str:
    kinds = {
        "R": "sw = r; hw = w;",
        "W": "sw = w; hw = r;",
        "RW": "sw = rw; hw = r;",
        "RW1C": "sw = rw; hw = w; onwrite = woclr;",
    }

    def registers(of: Registers, indent: str) -> list[str]:
        lines = []
        for name, register in of.items():
            fields = register.get("bits") or {"VALUE": None}
            lines += [f"{indent}reg {{", f'{indent}    desc = "{register["what"].translate({34: None, 92: None})}";']
            for field, bit in fields.items():
                place = "31:0" if bit is None else f"{bit}:{bit}"
                lines.append(f"{indent}    field {{ {kinds[register['access']]} }} {field}[{place}];")
            size = register.get("words", 1)
            many = f"[{size}] @ {register['at']:#05x} += 4" if size > 1 else f" @ {register['at']:#05x}"
            lines.append(f"{indent}}} {name}{many};")
        return lines

    return (
        "\n".join(
            [
                "// The registers of the shell, written by docs/registers.py from registers.yaml. SystemRDL 2.0.",
                "addrmap signflow {",
                "    default regwidth = 32;",
                "    default accesswidth = 32;",
                *registers(common, "    "),
                "    regfile {",
                *registers(stream, "        "),
                f"    }} STREAM[10] @ {constants['STREAM_0']:#x} += {constants['STREAM_STEP']:#x};",
                "};",
            ]
        )
        + "\n"
    )


if __name__ == "__main__":
    for _path, _text in outputs().items():
        _path.parent.mkdir(exist_ok=True)
        _path.write_text(_text)
