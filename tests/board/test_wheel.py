"""The driver as the board gets it: a wheel of its own, which needs numpy alone to be imported."""

import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import signflow_driver

from finn_build.board.deploy_folder import write_driver
from tests.board.deployments import deployed
from tests.builds.networks import SmallResidual, randomize

DRIVER = Path(signflow_driver.__file__).parent


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_wheel_of_a_deployment_installs_into_an_empty_environment(tmp_path: Path) -> None:
    """Without network, from the folder that a build writes."""
    deployed(randomize(SmallResidual(bits=1, signed=True), seed=1), (11, 9), tmp_path)
    (wheel,) = (tmp_path / "deploy").glob("*.whl")
    names = {name for name in ZipFile(wheel).namelist() if name.endswith(".py")}
    assert names == {f"signflow_driver/{path.name}" for path in DRIVER.glob("*.py")}
    _run(sys.executable, "-m", "venv", str(tmp_path / "venv"))
    python = tmp_path / "venv" / "bin" / "python"
    site = _run(str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()
    (Path(site) / "numpy.pth").write_text(_only_numpy(tmp_path))
    _run(str(python), "-m", "pip", "--disable-pip-version-check", "install", "--no-index", str(wheel))
    out = _run(
        str(python), "-c",
        "import signflow_driver as s, sys; print(s.__file__); "
        "print(sorted({m.split('.')[0] for m in sys.modules} & {'numpy', 'PIL', 'torch', 'finn_build', 'pynq'}))",
    )  # fmt: skip
    assert out.splitlines() == [str(Path(site) / "signflow_driver" / "__init__.py"), "['numpy']"]
    missing = subprocess.run(
        [str(python), "-c", "from signflow_driver import Accelerator; Accelerator('none.bit')"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "DriverError: none.json: not readable" in missing.stderr


def _only_numpy(folder: Path) -> str:
    """A folder that shows numpy and nothing else of the environment that runs the tests."""
    found = Path(np.__file__).parent
    shown = folder / "numpy_only"
    shown.mkdir()
    for path in (found, *found.parent.glob("numpy[.-]*")):
        if path.exists():
            (shown / path.name).symlink_to(path)
    return f"{shown}\n"


def test_the_same_driver_gives_the_same_wheel(tmp_path: Path) -> None:
    made = []
    for name in ("one", "two"):
        write_driver(tmp_path / name)
        made += [path.read_bytes() for path in (tmp_path / name).glob("*.whl")]
    assert len(made) == 2 and made[0] == made[1]
