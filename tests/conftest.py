from pathlib import Path

import pytest

# What helpers of tests assert is told in full, as of tests.
HELPERS = [p.name for p in Path(__file__).parent.iterdir() if (p / "__init__.py").is_file()]
pytest.register_assert_rewrite(*(f"tests.{name}" for name in HELPERS))

import sim._toolchain  # noqa: E402
import sim.csim  # noqa: E402
from finn_build.finn.environment import prepare_finn  # noqa: E402

sim._toolchain.OPTIMISATION = "-O0"  # tests compile their simulators for longer than they run them
sim.csim.OPTIMISATION = {False: "-O0", True: "-O0"}
sim.csim.BUNDLE = 1000


@pytest.fixture(scope="session", autouse=True)
def finn_build_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """FINN reads and writes in a temporary folder."""
    return prepare_finn(tmp_path_factory.mktemp("finn"))
