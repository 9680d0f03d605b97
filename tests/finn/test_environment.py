import os
import subprocess
import sys
from pathlib import Path

import pytest

from finn_build.errors import ConfigError
from finn_build.finn.environment import prepare_finn

ROOT = Path(__file__).parents[2]
VARIABLES = ("FINN_BUILD_DIR", "FINN_SETTINGS", "FINN_DEPS", "NUM_DEFAULT_WORKERS")
USE_FINN = """
import finn.transformation.streamline, finn.transformation.fpgadataflow.prepare_ip, finn.util.settings
finn.util.settings.initialize_dummy_settings()
from finn.util.basic import make_build_dir
print(make_build_dir("made_"))
"""


def python(code: str, home: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("FINN_") and k != "NUM_DEFAULT_WORKERS"}
    env = {**kept, "HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1", **variables}
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, text=True)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    path = tmp_path / "home"
    path.mkdir()
    return path


def prepare(*folders: Path) -> str:
    calls = "".join(f"prepare_finn({str(folder)!r})\n" for folder in folders)
    return f"from finn_build.finn.environment import prepare_finn\n{calls}"


def test_finn_alone_writes_into_the_home(home: Path) -> None:
    python(USE_FINN, home)
    assert [path.name for path in home.iterdir()] == [".finn"]


def test_prepared_finn_writes_into_the_build_folder_only(home: Path, tmp_path: Path) -> None:
    done = python(prepare(tmp_path / "build") + USE_FINN, home)
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()).parent == tmp_path / "build"
    assert list(home.iterdir()) == []
    assert done.stderr == ""


def test_second_folder_redirects_loaded_settings(home: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    done = python(prepare(first, first) + USE_FINN + prepare(second) + "print(make_build_dir())", home)
    assert done.returncode == 0, done.stderr
    assert [Path(line).parent for line in done.stdout.split()] == [first, second]


def test_values_of_the_user_are_kept(home: Path, tmp_path: Path) -> None:
    code = prepare(tmp_path / "build") + f"import os\nprint(*(os.environ[v] for v in {VARIABLES}))"
    done = python(code, home, FINN_DEPS="/opt/deps", NUM_DEFAULT_WORKERS="3", FINN_BUILD_DIR="/elsewhere")
    build = tmp_path / "build"
    assert done.stdout.split() == [str(build), str(build / "finn_settings.yaml"), "/opt/deps", "3"]


def test_unusable_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"build folder .*/file/build: cannot be created \(Not a directory\)"):
        prepare_finn(tmp_path / "file" / "build")
