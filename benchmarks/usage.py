"""`--help` of a script, before the libraries load that it measures: its own words, and the options in its code.

To be imported first of all.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path


def options(source: str) -> Iterator[str]:
    """A line for each option that a script adds by its name."""
    for call in ast.walk(ast.parse(source)):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "add_argument":
            names = ", ".join(str(name.value) for name in call.args if isinstance(name, ast.Constant))
            said = [word.value.value for word in call.keywords if word.arg == "help" and hasattr(word.value, "value")]
            if names:
                yield f"  {names:12} {said[0] if said else ''}".rstrip()


if {"-h", "--help"} & set(sys.argv[1:]):
    script = sys.modules["__main__"]
    print((script.__doc__ or "").strip(), *options(Path(str(script.__file__)).read_text()), sep="\n")
    sys.exit(0)
