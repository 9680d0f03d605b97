"""Hardware ops, one per file: every file of this folder is imported with it, and registers its op with FINN."""

from importlib import import_module
from pkgutil import iter_modules

for _found in iter_modules(__path__):
    if not _found.name.startswith("_"):
        import_module(f"{__name__}.{_found.name}")
