"""Options that do not go together: told before anything that takes time to load."""

from __future__ import annotations

import argparse

from finn_build.errors import ConfigError
from finn_build.options import HLS_STEP_NAMES, STEP_NAMES

_RTL_ONLY: dict[str, object] = {  # options that need it, with their defaults
    "rtl": "systemverilog",
    "stalls": False,
    "waves": False,
    "yosys": False,
    "bitstream": None,
    "shell": "signflow",
}
_UNSTITCHED = ("integers", "lower", "fold", "buffer")
_SHARED = STEP_NAMES[:4]  # of both back ends
STEPS_OF = {  # of the back ends, `--impl`
    "rtl": STEP_NAMES,
    "hls": (*_SHARED, HLS_STEP_NAMES[0], "execute", HLS_STEP_NAMES[1], "gate"),
    "finn-hls": ("integers", "lower", "execute", "gate"),
}


def require_together(options: argparse.Namespace) -> None:
    """Look at what options say of each other.

    Raises:
        ConfigError: some do not go together, or the flow has no such step.
    """
    _require_timeable(options)
    if options.impl != "rtl":
        _refuse_rtl_only(options)
        if options.resume and options.impl == "finn-hls":
            raise ConfigError("--resume --impl finn-hls: its C++ is written as it is lowered; build it again")
    if options.shell == "finn" and options.bitstream != "vivado":
        raise ConfigError("--shell finn: FINN makes its shell with Vivado; add --bitstream vivado")
    legal = STEPS_OF[options.impl]
    for option, name in (("--start", options.start), ("--stop", options.stop)):
        if name and name not in legal:
            raise ConfigError(f"{option} {name}: not a step of --impl {options.impl}; legal: {', '.join(legal)}")


def _refuse_rtl_only(options: argparse.Namespace) -> None:
    """Raise with every option that means nothing where no RTL of ours is made."""
    given = [f"--{name}" for name, unasked in _RTL_ONLY.items() if getattr(options, name) != unasked]
    given += ["--lint"] if options.lint and options.impl == "finn-hls" else []
    if given:
        raise ConfigError(f"--impl {options.impl} has no {', '.join(given)}; leave out, or use --impl rtl")


def _require_timeable(options: argparse.Namespace) -> None:
    if not wants_timing(options):
        return
    given = {"impl": options.impl != "rtl", "stop": options.stop in _UNSTITCHED}
    if without := " and ".join(f"--{name} {getattr(options, name)}" for name, wrong in given.items() if wrong):
        raise ConfigError(f"--timing: needs the design of our RTL, from the step stitch on; leave out {without}")
    if options.rtl != "systemverilog":
        raise ConfigError(f"--timing --rtl {options.rtl}: the logic is the same; leave out --rtl")


def wants_timing(options: argparse.Namespace) -> bool:
    """Whether the clock is to be estimated."""
    return bool(options.timing or options.require_timing)
