"""The C driver's example, compiled as it is shipped and run on the simulated board: its bus is a pipe to this test."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from finn_build.board.shell import Shell
from sim.board import BASE, SimulatedBoard
from tests.board.deployments import FRAMES as DEPLOYED
from tests.board.deployments import deployed
from tests.board.loopback import BEATS, make_loopback
from tests.builds.networks import SmallResidual, randomize

DRIVER = Path(__file__).parents[2] / "finn_build" / "board" / "driver" / "c"
STRICT = ("-std=gnu99", "-O1", "-Wall", "-Wextra", "-Wpedantic", "-Werror")
FRAMES, WIDTH = 3, 5
BUS = """
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

void *open_bus(const char *file, unsigned long base) { return (void *)(file + base); }

static uint32_t ask(void) {
    char line[32];
    fflush(stdout);
    if (!fgets(line, sizeof line, stdin)) exit(3);
    return (uint32_t)strtoul(line, NULL, 10);
}

uint32_t signflow_read(void *bus, uint32_t offset) {
    (void)bus;
    printf("r %u\\n", offset);
    return ask();
}

void signflow_write(void *bus, uint32_t offset, uint32_t value) {
    (void)bus;
    printf("w %u %u\\n", offset, value);
    (void)ask();
}
"""


def _compile(folder: Path, *more: str, driver: Path = DRIVER) -> Path:
    program = folder / "signflow"
    sources = map(str, sorted(driver.glob("*.c")))
    subprocess.run(
        [shutil.which("gcc") or "cc", *STRICT, f"-I{driver}", *more, *sources, "-o", str(program)], check=True
    )
    return program


def _compile_for_the_pipe(folder: Path, driver: Path = DRIVER) -> Path:
    (folder / "bus.c").write_text(BUS)
    return _compile(folder, "-DSIGNFLOW_OTHER_BUS", str(folder / "bus.c"), driver=driver)


def test_it_compiles_as_it_is_shipped(tmp_path: Path) -> None:
    """With its own bus, which needs registers that are mapped: here there are none."""
    program = _compile(tmp_path)
    words = ("/dev/none", "0", "/dev/none", "0", "0", "-", "1", "in", "out")
    ran = subprocess.run([program, *words], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (1, "error: /dev/none: No such file or directory\n")
    assert subprocess.run([program], capture_output=True, check=False).returncode == 1


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _compile_for_the_pipe(tmp_path_factory.mktemp("c"))


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    return make_loopback(tmp_path_factory.mktemp("loopback"), (WIDTH,), "pynq-z2")


@pytest.fixture
def board(shell: Shell) -> Iterator[SimulatedBoard]:
    board = SimulatedBoard(shell.folder, memory_mib=1, cycles_per_access=20)
    yield board
    board.close()


def _serve(program: Path, board: SimulatedBoard, *words: str) -> tuple[int, str, str]:
    """Run the program, its register accesses on the board; returns exit code, what else it printed, and its errors."""
    command = [str(program), "pipe", "0", str(board.memory_file), hex(BASE), str(1 << 20), *words]
    said = []
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as ran:
        assert ran.stdout and ran.stdin and ran.stderr
        for line in ran.stdout:
            match line.split():
                case ["r", offset]:
                    answer = board.read(int(offset))
                case ["w", offset, value]:
                    board.write(int(offset), int(value))
                    answer = 0
                case _:
                    said.append(line)
                    continue
            ran.stdin.write(f"{answer}\n")
            ran.stdin.flush()
        errors = ran.stderr.read()
    return ran.returncode, "".join(said), errors


def test_a_job_on_the_simulated_board(program: Path, board: SimulatedBoard, shell: Shell, tmp_path: Path) -> None:
    sent = np.random.default_rng(1).integers(0, 256, FRAMES * BEATS * WIDTH, dtype=np.uint8).tobytes()
    (tmp_path / "in").write_bytes(sent)
    files = (str(tmp_path / "in"), str(tmp_path / "out"))
    code, said, errors = _serve(program, board, shell.build_hash, str(FRAMES), *files)
    assert (code, errors) == (0, "") and said.startswith(f"{FRAMES} frames in ")
    assert (tmp_path / "out").read_bytes() == sent


def test_what_is_wrong_is_told(program: Path, board: SimulatedBoard, shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(b"few")
    files = (str(tmp_path / "in"), str(tmp_path / "out"))
    other = "0" * 32
    assert "the bitstream is another build's" in _serve(program, board, other, str(FRAMES), *files)[2]
    assert "too small for so many frames" in _serve(program, board, "-", "100000", *files)[2]
    assert f"error: {tmp_path / 'in'}: holds fewer frames" in _serve(program, board, "-", "1", *files)[2]
    (tmp_path / "in").write_bytes(bytes(BEATS * WIDTH))
    board.fault("r", BASE)
    assert "the job was stopped" in _serve(program, board, shell.build_hash, "1", *files)[2]
    assert not (tmp_path / "out").exists()


def test_a_deployment_folder_runs_from_c(tmp_path: Path) -> None:
    """What a build lays there, compiled from there: its frames give what its own verification expects."""
    build = deployed(randomize(SmallResidual(bits=1, signed=True), seed=1), (11, 9), tmp_path)
    laid = tmp_path / "deploy" / "c"
    program, board = _compile_for_the_pipe(tmp_path, laid), SimulatedBoard(tmp_path / "stitched", cycles_per_access=20)
    assert build.shell
    files = (str(laid / "input.bin"), str(tmp_path / "out.bin"))
    code, said, errors = _serve(program, board, build.shell.build_hash, str(DEPLOYED), *files)
    board.close()
    assert (code, errors) == (0, "") and said.startswith(f"{DEPLOYED} frames in ")
    assert (tmp_path / "out.bin").read_bytes() == (laid / "expected.bin").read_bytes() != b""
