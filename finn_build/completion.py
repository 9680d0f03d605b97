"""Print what completes the words of `signflow` in bash and zsh: commands, options, boards and networks.

eval "$(signflow completion)"       in ~/.bashrc or ~/.zshrc
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from brevitas_models.networks.names import BINARY, FLOAT
from finn_build.config import BOARD_DIR
from finn_build.quick import commands
from finn_build.terminal import Parser

_SCRIPT = """\
if [ -n "${{ZSH_VERSION-}}" ]; then autoload -U +X bashcompinit && bashcompinit; fi
_signflow() {{
    local words=""
    if [ "$COMP_CWORD" -eq 1 ]; then
        words="{commands}"
    else
        case "${{COMP_WORDS[1]}}" in
{options}
        esac
        case "${{COMP_WORDS[COMP_CWORD-1]}}" in
            --board) words="{boards}" ;;
            --model) words="{models}" ;;
        esac
    fi
    COMPREPLY=($(compgen -W "$words" -- "${{COMP_WORDS[COMP_CWORD]}}"))
}}
complete -o default -F _signflow signflow
"""


def script() -> str:
    """The script, for the boards and networks of this installation."""
    known = commands()
    options = "\n".join(f'            {name}) words="{" ".join(about["options"])}" ;;' for name, about in known.items())
    boards = " ".join(sorted(path.stem for path in BOARD_DIR.glob("*.yaml")))
    return _SCRIPT.format(commands=" ".join(known), options=options, boards=boards, models=" ".join((*BINARY, *FLOAT)))


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the script."""
    Parser("signflow completion", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args(
        arguments
    )
    print(script(), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
