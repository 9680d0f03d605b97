"""Open synthesis: one module of a design to a netlist of the chip's cells, by Yosys' `synth_xilinx`.

Each run is a fresh process (a second design in one process moves counts) and is kept in the cache under a hash of all
that it reads: sources, memory files, commands and Yosys' version. An op's own name is no part of it, so equal ops are
synthesised once.

`python -m finn_build.evaluate.synthesis TOP FAMILY NETLIST FILE...` writes the flat netlist of one module as JSON;
empty modules stay black boxes; with --parts last, memories of LUTs are mapped before others.
"""

from __future__ import annotations

import gzip
import json
import re
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from os import cpu_count
from pathlib import Path
from typing import Any

from finn_build import processes
from finn_build.errors import SimulationError
from finn_build.evaluate.equal_modules import share_equal_modules
from sim._cache import build_once, cache_dir, digest

_KEPT = 4000  # netlists, 30 kB each
_NETLIST = "netlist.json.gz"
_PARTS = "--parts"
_ANY_NAME = "op"
_MEMORY_SUFFIXES = (".mem", ".dat")
_SYNTHESISE = "synth_xilinx -family {family} -flatten -noiopad -noclkbuf -top {top}"
_COMMANDS = (
    "read_slang --keep-hierarchy --allow-use-before-declare --empty-blackboxes --top {top} {files}",
    _SYNTHESISE,
    "setattr -mod -unset keep_hierarchy =*",  # of ROMs that synthesis must not look into
    "select -none",
    "select {top}",
    "flatten",
    "opt_clean",
    "select {top}",
    "write_json -selected {out}",
)
# Yosys 0.70 lists UltraScale's LUTs as memories of one address of 16 bits, and then has no cell for one of 257 words or
# more: such memories are mapped first, by its list with the 9 bits that RAM512X1S has. Others come out the same.
_UNMAPPED = "invalid OPTION_ABITS/WIDTH combination"
_LISTED, _MENDED = 'option "ABITS" 16 {\n\t\tabits 16;', 'option "ABITS" 9 {\n\t\tabits 9;'
_IN_PARTS = (
    f"{_SYNTHESISE} -run begin:map_memory",
    "select t:$mem_v2 a:ram_style=distributed %i",
    "memory_libmap -lib {lutrams}",
    "select -clear",
    "techmap -map +/xilinx/lutrams_xc5v_map.v",
    f"{_SYNTHESISE} -run map_memory:",
)


@dataclass(frozen=True)
class Job:
    """A module to synthesise.

    Attributes:
        top: its name.
        family: `synth_xilinx -family`.
        sources: files that may hold modules it uses; each module lies in a file of its name.
        folder: of its memory files.
        black_boxes: modules that stay empty instances.
    """

    top: str
    family: str
    sources: Sequence[Path]
    folder: Path
    black_boxes: tuple[str, ...] = ()


def netlist_of(job: Job) -> dict[str, Any]:
    """Synthesise a module, or take its netlist from the cache.

    Returns:
        The flat module, as in Yosys' `write_json`.

    Raises:
        SimulationError: Yosys failed on it.
    """
    texts, memories = contents(job)
    top = job.top if job.black_boxes else _ANY_NAME
    parts: list[str | bytes] = [top, job.family, version("pyosys"), *_COMMANDS, *job.black_boxes]
    for name, content in (*sorted(texts.items()), *sorted(memories.items())):
        parts += [name, content]

    def build(folder: Path) -> None:
        for name, content in (*texts.items(), *memories.items()):
            (folder / name).write_bytes(content)
        _run(job, top, list(texts), folder)
        for path in folder.iterdir():
            if path.name != _NETLIST:
                path.unlink()

    found = build_once(cache_dir() / "netlists" / digest(parts), build, _KEPT)
    module: dict[str, Any] = json.loads(gzip.decompress((found / _NETLIST).read_bytes()))
    return module


def netlists(jobs: Sequence[Job], on_progress: Callable[[float], None]) -> list[dict[str, Any]]:
    """Synthesise modules side by side; `on_progress` gets the fraction done."""
    done = 0

    def one(job: Job) -> dict[str, Any]:
        nonlocal done
        module = netlist_of(job)
        done += 1
        on_progress(done / len(jobs))
        return module

    with ThreadPoolExecutor(cpu_count() or 1) as pool:
        return list(pool.map(one, jobs))


def _needed(job: Job) -> list[Path]:
    """Files of the modules that a module is made of, itself included; of black boxes only their own."""
    by_module = {path.stem: path for path in job.sources}
    found, waiting = [job.top], [job.top]
    while waiting:
        module = waiting.pop()
        if module in job.black_boxes:
            continue
        for word in sorted(set(re.findall(r"[A-Za-z_]\w*", by_module[module].read_text()))):
            if word in by_module and word not in found:
                found.append(word)
                waiting.append(word)
    return [by_module[module] for module in found]


def contents(job: Job) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """Sources and memory files of a module by name, its own name in them replaced: equal ops read equal files."""
    needed = _needed(job)
    texts = {p.name: _emptied(p.read_text()) if p.stem in job.black_boxes else p.read_text() for p in needed}
    owners = tuple(f"{p.stem}_" for p in needed if p.stem not in job.black_boxes)  # memory files bear an op's name
    memories = {
        path.name: path.read_bytes()
        for path in sorted(job.folder.iterdir())
        if path.suffix in _MEMORY_SUFFIXES
        and (path.name.startswith(owners) or any(f'"{path.name}"' in text for text in texts.values()))
    }

    def renamed(text: str) -> str:
        return text if job.black_boxes else re.sub(rf"\b{re.escape(job.top)}(?=_|\b)", _ANY_NAME, text)

    own = f"{job.top}.v"  # the generated instance; what it instantiates does not know its name
    return (
        {renamed(name): (renamed(text) if name == own else text).encode() for name, text in texts.items()},
        {renamed(name): content for name, content in memories.items()},
    )


def _emptied(wrapper: str) -> str:
    """A module without its body: the generated header ends in a line of its own."""
    return wrapper[: wrapper.index("\n);") + 3] + "\nendmodule\n"


def _run(job: Job, top: str, files: Iterable[str], folder: Path) -> None:
    command = [sys.executable, "-m", "finn_build.evaluate.synthesis", top, job.family, _NETLIST, *files]
    ran = processes.run(command, cwd=folder)
    if _UNMAPPED in ran.stderr + ran.stdout:
        ran = processes.run([*command, _PARTS], cwd=folder)
    if ran.returncode or not (folder / _NETLIST).is_file():
        raise SimulationError(f"Yosys failed on {job.top}: {(ran.stderr or ran.stdout).strip()[-300:]}")


def _synthesise(top: str, family: str, out: Path, files: Sequence[str], in_parts: bool) -> None:
    from pyosys import libyosys as ys  # here: it takes over stdout, and only the fresh process wants it

    design = ys.Design()
    with tempfile.TemporaryDirectory() as folder:
        written, lutrams = Path(folder) / "netlist.json", Path(folder) / "lutrams.txt"
        parts = _IN_PARTS if in_parts else (_SYNTHESISE,)
        if in_parts:
            listed = Path(ys.__file__).parent / "share" / "xilinx" / "lutrams_xcu.txt"
            lutrams.write_text(listed.read_text().replace(_LISTED, _MENDED))
        for command in (c for each in _COMMANDS for c in (parts if each == _SYNTHESISE else (each,))):
            words = command.format(top=top, family=family, files=" ".join(files), out=written, lutrams=lutrams)
            ys.run_pass(words, design)
            if words.startswith("read_slang"):
                share_equal_modules(design)
        module = json.loads(written.read_text())["modules"][top]
    out.write_bytes(gzip.compress(json.dumps(module).encode(), mtime=0))


if __name__ == "__main__":
    sources = [name for name in sys.argv[4:] if name != _PARTS]
    _synthesise(sys.argv[1], sys.argv[2], Path(sys.argv[3]), sources, _PARTS in sys.argv)
