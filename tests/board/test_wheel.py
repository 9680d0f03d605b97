"""The driver as the board gets it: a wheel of its own, which needs numpy alone to be imported."""

import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import numpy as np

DRIVER = Path(__file__).resolve().parents[2] / "finn_build" / "driver"


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_wheel_installs_into_an_empty_environment(tmp_path: Path) -> None:
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet")
    copy = tmp_path / "driver"  # setuptools writes beside its sources
    copy.mkdir()
    for path in (*DRIVER.glob("*.*"), *DRIVER.glob("signflow_driver/*.py")):
        target = copy / path.relative_to(DRIVER)
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(path.read_bytes())
    _run(*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(tmp_path), str(copy))
    (wheel,) = tmp_path.glob("*.whl")
    names = {name for name in ZipFile(wheel).namelist() if name.endswith(".py")}
    assert names == {f"signflow_driver/{path.name}" for path in DRIVER.glob("signflow_driver/*.py")}
    _run(sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "venv"))
    python = tmp_path / "venv" / "bin" / "python"
    site = _run(str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()
    _run(*pip, "install", "--no-deps", "--no-index", "--target", site, str(wheel))
    (Path(site) / "numpy.pth").write_text(_only_numpy(tmp_path))
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
    for path in (found, found.parent / "numpy.libs"):
        if path.exists():
            (shown / path.name).symlink_to(path)
    return f"{shown}\n"
