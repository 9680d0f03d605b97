"""The notebook of a build on the simulated board: `signflow notebook out/bi_shufflenet-pynq-z2`.

Runs `deploy/inference.ipynb` unchanged, in a kernel whose `pynq` is the simulated board's, and writes it with its
outputs, as a page for any browser too, and every picture to `notebook_run/` in the build's folder.
"""

from __future__ import annotations

import base64
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import nbformat

import finn_build
from finn_build.errors import SimulationError
from finn_build.output_folder import output_folder
from finn_build.processes import ended_by_signals
from finn_build.terminal import Parser, tells_errors

NOTEBOOK = "inference.ipynb"
PAGE = "inference.html"
_ROOT = Path(finn_build.__file__).parent.parent
_ENTER = "from {here}.board import simulated_board\n_board = simulated_board({build!r})\n_board.__enter__()"
_LEAVE = "_board.__exit__(None, None, None)"
_TIMEOUT_S = 1200  # of one cell
_OFFLINE = dict.fromkeys(("mathjax_url", "require_js_url", "jquery_url", "mermaid_js_url"), "")


def run_notebook(build: Path, out: Path, on_cell: Callable[[int, int], None] = lambda i, n: None) -> list[Path]:
    """Execute a build's notebook on the simulated board.

    Args:
        build: folder of a build, with `stitched/` and `deploy/`.
        out: folder for the executed notebook, its page and its pictures; those of an earlier run are replaced.
        on_cell: called as a cell starts, with its number from 1 and how many there are.

    Returns:
        The pictures, in the order of the notebook.

    Raises:
        SimulationError: there is no such build, or a cell fails.
    """
    deploy = build / "deploy"
    if not (deploy / NOTEBOOK).is_file():
        raise SimulationError(f"{deploy / NOTEBOOK}: no such file; give the folder of a finished build")
    from nbclient import NotebookClient  # here: help and typos do without these
    from nbclient.exceptions import CellExecutionError
    from nbconvert import HTMLExporter

    notebook = nbformat.read(deploy / NOTEBOOK, as_version=4)  # type: ignore[no-untyped-call]
    around = [
        nbformat.v4.new_code_cell(t) for t in (_ENTER.format(here=__package__, build=str(build.absolute())), _LEAVE)
    ]
    notebook.cells = [around[0], *notebook.cells, around[1]]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(_ROOT), os.environ.get("PYTHONPATH", "")])}
    client = NotebookClient(
        notebook, timeout=_TIMEOUT_S, kernel_name="python3", resources={"metadata": {"path": deploy}},
        on_cell_start=lambda cell, cell_index: on_cell(cell_index + 1, len(notebook.cells)),
    )  # fmt: skip
    try:
        client.execute(env=environment)
    except CellExecutionError as error:
        raise SimulationError(f"{deploy / NOTEBOOK}: {error.ename}: {error.evalue}") from error
    notebook.cells = notebook.cells[1:-1]
    shown = [o.get("data", {}).get("image/png") for cell in notebook.cells for o in cell.get("outputs", ())]
    pictures = [(f"picture_{i}.png", base64.b64decode(text)) for i, text in enumerate(filter(None, shown))]
    with output_folder(out) as folder:
        nbformat.write(notebook, folder / NOTEBOOK)  # type: ignore[no-untyped-call]
        (folder / PAGE).write_text(HTMLExporter(**_OFFLINE).from_notebook_node(notebook)[0], encoding="utf-8")
        for name, content in pictures:
            (folder / name).write_bytes(content)
    return [out / name for name, _ in pictures]


def printed(notebook: Path) -> str:
    """What the cells of an executed notebook printed."""
    cells = nbformat.read(notebook, as_version=4).cells  # type: ignore[no-untyped-call]
    return "".join(o["text"] for cell in cells for o in cell.get("outputs", ()) if o.get("name") == "stdout")


def _say(cell: int, of: int) -> None:
    print(
        f"cell {cell} of {of}" + (": compiles the simulated board, a minute the first time" if cell == 1 else ""),
        flush=True,
    )


@tells_errors
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    parser = Parser("signflow notebook", description=__doc__.split("\n")[0])
    parser.add_argument("build", type=Path, help="folder of a finished build")
    options = parser.parse_args(arguments)
    out = options.build / "notebook_run"
    try:
        with ended_by_signals():
            pictures = run_notebook(options.build, out, _say)
    except KeyboardInterrupt:
        print("error: interrupted; nothing was kept", file=sys.stderr)
        return 1
    print(printed(out / NOTEBOOK), end="")
    print(f"{out / NOTEBOOK} with {len(pictures)} pictures; to look at: {out / PAGE}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
