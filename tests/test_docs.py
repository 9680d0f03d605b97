"""README and docs: every command in them is one that the program takes, every link leads somewhere."""

import argparse
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

from brevitas_models.networks.names import require_model
from finn_build.config import load_board
from finn_build.console import COMMANDS

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BIN = ".venv/bin/"
_OURS = tuple(f"{BIN}{program} " for program in ("python", "signflow"))  # programs of others read their own options


class _Parsed(Exception):
    """Options were read; what they ask for is not done."""


def _commands() -> Iterator[tuple[str, str]]:
    """Page and line of each command in a code block."""
    for page in PAGES:
        for block in re.findall(r"^```\w*\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL):
            lines = block.replace("\\\n", " ").splitlines()
            yield from ((page.name, line) for line in lines if line.startswith(_OURS))


def _module(words: list[str]) -> tuple[str, list[str]]:
    """Module whose `main` a command runs, and its options."""
    if words[0] == "signflow":
        return (COMMANDS[words[1]][0], words[2:])
    assert words[0] == "python", words
    if words[1] == "-m":
        module = words[2]
        package = find_spec(module)
        assert package, module
        return (f"{module}.__main__" if package.submodule_search_locations else module, words[3:])
    return (words[1].removesuffix(".py").replace("/", "."), words[2:])


@pytest.mark.parametrize(("page", "line"), sorted(set(_commands())))
def test_every_command_is_taken(page: str, line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    parse, found = argparse.ArgumentParser.parse_args, []

    def only_parse(self: argparse.ArgumentParser, *given: object, **rest: object) -> argparse.Namespace:
        found.append(parse(self, *given, **rest))  # type: ignore[call-overload]
        raise _Parsed

    name, options = _module(shlex.split(line.removeprefix(BIN), comments=True))
    main = import_module(name).main
    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", only_parse)
    if {"--help", "--list-models"} & set(options):
        with pytest.raises(SystemExit) as stop:
            main(options)
        assert stop.value.code == 0
        return
    with pytest.raises(_Parsed):
        main(options)
    if name == "finn_build.build":
        load_board(found[0].board)
        if found[0].model:
            require_model(found[0].model)


def _programs() -> set[str]:
    """Modules and scripts that a page says how to run; those of docs/ take no options."""
    text = "".join(page.read_text() for page in (*PAGES, *(ROOT / "finn_build").rglob("README.md")))
    found = set(re.findall(r"python (?:-m ([a-z][\w.]+\w)|((?!docs/)[\w/]+\.py))", text))
    return {module or script for module, script in found} - {"pytest"}


def test_every_program_has_its_help_before_pytorch_loads() -> None:
    """All in one process, as if each were alone."""
    script = f"""
import contextlib, io, runpy, sys
sys.path.insert(0, "benchmarks")
for name in {sorted(_programs())}:
    said, sys.argv = io.StringIO(), [name, "--help"]
    sys.modules.pop("usage", None), sys.modules.pop("benchmarks.usage", None)
    with contextlib.redirect_stdout(said):
        try:
            if name.endswith(".py"):
                runpy.run_path(name, None, "__main__")
            else:
                runpy.run_module(name, None, "__main__", True)
        except SystemExit as stop:
            code = stop.code
    print(name, code, {{"torch", "qonnx"}} & {{*sys.modules}}, said.getvalue().strip() != "")
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [f"{name} 0 set() True" for name in sorted(_programs())]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        file, _, anchor = link.partition("#")
        if "://" in link:
            continue
        there = page.parent / file if file else page
        assert there.exists(), link
        assert not anchor or anchor in _anchors(there), link


def _anchors(page: Path) -> set[str]:
    """As GitHub makes them: lower case, no punctuation, hyphens for spaces."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_the_readme_is_one_page() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 120


def _script(name: str) -> ModuleType:
    spec = spec_from_file_location(name, ROOT / "docs" / f"{name}.py")
    assert spec and spec.loader
    script = module_from_spec(spec)
    spec.loader.exec_module(script)
    return script


def test_the_reference_is_up_to_date() -> None:
    reference = _script("reference")
    assert reference.PAGE.read_text() == reference.page(), "run: python docs/reference.py"
    assert reference.SCHEMA.read_text() == reference.schema(), "run: python docs/reference.py"


def test_the_reference_of_python_is_up_to_date() -> None:
    api = _script("api")
    assert api.PAGE.read_text() == api.page(), "run: python docs/api.py"


def test_the_commands_are_described_as_they_are() -> None:
    commands = _script("commands")
    assert commands.PAGE.read_text() == commands.page(), "run: python docs/commands.py"


def test_all_that_knows_a_register_comes_from_the_one_description() -> None:
    registers = _script("registers")
    for path, text in registers.outputs().items():
        assert path.read_text() == text, f"{path}: run python docs/registers.py"
    bits = [bit for r in registers.read()["common"].values() for bit in r.get("bits", {})]
    assert len(bits) == len(set(bits)), "a bit's name is a constant of its own"
