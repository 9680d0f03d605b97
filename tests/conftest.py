from pathlib import Path

import pytest

# What helpers of tests assert is told in full, as of tests.
HELPERS = [p.name for p in Path(__file__).parent.iterdir() if (p / "__init__.py").is_file()]
pytest.register_assert_rewrite(*(f"tests.{name}" for name in HELPERS))

from finn_build.finn.environment import prepare_finn  # noqa: E402


@pytest.fixture(scope="session", autouse=True)
def finn_build_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """FINN reads and writes in a temporary folder."""
    return prepare_finn(tmp_path_factory.mktemp("finn"))
