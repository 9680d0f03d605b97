from pathlib import Path

import pytest

from finn_build.finn.environment import prepare_finn


@pytest.fixture(scope="session", autouse=True)
def finn_build_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """FINN reads and writes in a temporary folder."""
    return prepare_finn(tmp_path_factory.mktemp("finn"))
