"""Where FINN reads and writes: its environment, set before anything of `finn` is used.

FINN outside its own command line takes its settings from environment variables. Left unset, the first use of
its settings creates a folder in the user's home and `make_build_dir` has nowhere to write.
"""

import importlib.util
import logging
import os
import sys
import warnings
from pathlib import Path

from finn_build.errors import ConfigError

_LOGGERS = ("finn_logger", "finn", "qonnx", "onnxscript", "onnx_ir")


def prepare_finn(build_dir: Path | str) -> Path:
    """Point FINN at a build folder, quietly, touching nothing outside it.

    Call it before `finn` modules are imported (`finn.builder` reads the settings at import); the
    transformations and ops read them late, so calling again with another folder redirects them. A value the
    user has set for FINN_SETTINGS, FINN_DEPS or NUM_DEFAULT_WORKERS is kept.

    NUM_DEFAULT_WORKERS defaults to 1: qonnx then runs its node-local passes in this process, where a pool
    would fork under the threads of PyTorch.

    Args:
        build_dir: Folder for everything FINN generates; created if missing.

    Returns:
        The absolute build folder.

    Raises:
        ConfigError: The folder cannot be created or written, or `finn-plus` is not installed.
    """
    path = Path(build_dir).expanduser().absolute()
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"build folder {path}: cannot be created ({error.strerror}); choose another") from error
    if not os.access(path, os.W_OK):
        raise ConfigError(f"build folder {path}: not writable; choose another")
    os.environ["FINN_BUILD_DIR"] = str(path)
    os.environ.setdefault("FINN_SETTINGS", str(path / "finn_settings.yaml"))
    os.environ.setdefault("FINN_DEPS", str(path / "finn_deps"))
    os.environ.setdefault("NUM_DEFAULT_WORKERS", "1")
    package = _finn_package()
    os.environ.setdefault("FINN_RTLLIB", str(package / "finn-rtllib"))  # read by FINN's Tcl, not its Python
    os.environ.setdefault("FINN_CUSTOM_HLS", str(package / "custom_hls"))
    _redirect_loaded_settings(path)
    _quiet()
    return path


def _finn_package() -> Path:
    """Folder of the installed `finn` package, found without importing it."""
    spec = importlib.util.find_spec("finn")
    if spec is None or not spec.submodule_search_locations:
        raise ConfigError("finn-plus is not installed; run: pip install finn-plus==1.6.1")
    return Path(next(iter(spec.submodule_search_locations)))


def _redirect_loaded_settings(path: Path) -> None:
    """FINN caches its settings once per process: move the cached build folder too."""
    module = sys.modules.get("finn.util.settings")
    if module is not None and module._SETTINGS is not None:
        module._SETTINGS.finn_build_dir = path


def _quiet() -> None:
    """Only errors from FINN and qonnx: their warnings repeat per node and speak to FINN's developers."""
    for name in _LOGGERS:
        logging.getLogger(name).setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module=r"(qonnx|finn|onnxscript|onnx_ir)(\.|$)")
