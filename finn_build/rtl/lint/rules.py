"""What the lint refuses: one rule per construct of the record (docs/vivado.md), by the same id.

`says` is Vivado's own message where a public log holds it, else what its guide or an answer record says.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

VERSIONS = (
    *("2020.2", "2021.1", "2021.2", "2022.1", "2022.2", "2023.1", "2023.2"),
    *("2024.1", "2024.2", "2025.1", "2025.2", "2026.1"),
)  # fmt: skip
"""Of Vivado, that the rules are stated for."""


@dataclass(frozen=True)
class Rule:
    """One thing that Vivado refuses, ignores, or reads otherwise than a simulator.

    Attributes:
        id: its name here and in the record.
        says: what Vivado says or does.
        cure: what to write instead.
        since: first version of `VERSIONS` that it holds for; those before take the construct, by the record. Where the
            record names later versions alone and none that takes it, the rule holds for all.
    """

    id: str
    says: str
    cure: str
    since: str = "2020.2"


@dataclass(frozen=True)
class Finding:
    """A place that breaks a rule.

    Attributes:
        rule: the rule.
        file: source or memory file.
        line: of the construct, from 1.
        what: the construct, in words.
    """

    rule: Rule
    file: Path
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.file.name}:{self.line}: {self.rule.id}: {self.what}. Vivado: {self.rule.says}. {self.rule.cure}"


_RULES = (
    # types
    Rule("string-type", "[Synth 8-27] string type not supported", "Use a number"),
    Rule("real-type", "[Synth 8-10863] illegal size casting of a 'real' expression; UG901: no real", "Use integers"),
    Rule("two-state", "AR 55194: do not mix 2-state and 4-state types", "Declare signals as logic or wire"),
    Rule("untyped-parameter", "takes another type for it than the standard says", "Give the parameter its type"),
    Rule("parameter-default", "[Synth 8-9661] initial value of parameter is omitted", "Give it a default"),
    Rule("tagged-union", "UG901: tagged unions are not supported", "Use a plain vector"),
    Rule("interface", "no arrays of interfaces, no interfaces at a top", "Use plain ports"),
    Rule("unpacked-port", "[Synth 8-659] type mismatch in port association", "Pack the array"),
    Rule("memory-of-structs", "makes registers of a memory whose elements are records", "Use vectors as elements"),
    Rule("empty-range", "refuses arrays of no elements", "Make it one element at least"),
    Rule("vector-size", "[Synth 8-4556] size of variable is too large to handle; the limit is 1000000", "Use a memory"),
    # expressions
    Rule("large-decimal", "[Synth 8-10631] decimal constant should be smaller than 2147483648", "Give it a width"),
    Rule("replicated-pattern", "[Synth 8-11587] invalid assignment pattern", "Replicate by a concatenation"),
    Rule("array-method", "UG901: array manipulation methods are not supported", "Write the loop"),
    Rule("array-query", "UG901: array querying functions are not supported", "Use the parameter behind the size"),
    Rule("dynamic-cast", "UG901 2024.1: $cast is not supported", "Use a static cast", since="2023.1"),
    Rule("variable-power", "UG901: both operands of ** are constants, or the first is 2", "Use shifts"),
    Rule("select-prefix", "[Synth 8-2599] range is not allowed in a prefix", "Give what is selected from a name"),
    Rule("select-range", "[Synth 8-524] part-select out of range of prefix", "Select what is there"),
    Rule("string-concatenation", "no public log shows that it reads such a name", "Write it out in the instance"),
    # statements
    Rule("jump", "[Synth 8-3380] loop condition does not converge, where `break` should have left it", "Use a flag"),
    Rule("loop-limit", "[Synth 8-3380] loop condition does not converge after 2000 iterations", "Use a generate loop"),
    Rule("generate-limit", "[Synth 8-403] loop limit (65536) exceeded", "Make the loop shorter"),
    Rule("while-loop", "[Synth 8-3380] as any loop, where it cannot see the end", "Use a loop with constant bounds"),
    Rule("parallel-block", "UG901: parallel blocks are not supported", "Use several processes"),
    Rule("timing-control", "UG901: delays are ignored, procedural timing controls not supported", "Use clocked logic"),
    Rule("conditional-event", "UG901: conditional event controls are not supported", "Test the condition inside"),
    Rule("event", "UG901: named events are not supported", "Use a signal"),
    Rule("one-edge", "[Synth 8-91] ambiguous clock in event control", "Give a process one clock edge"),
    Rule("sensitivity-list", "[Synth 8-614] signal is read but is not in the sensitivity list", "Use @*"),
    Rule("forced", "UG901: force and release are not supported, assign in processes is limited", "Use a multiplexer"),
    Rule("disable", "UG901: not in loops", "Use conditions"),
    Rule("unique-case", "AR 55194: unique and priority are checks at run time", "Write a complete case"),
    Rule("pragma", "AR 54357: leaves out what translate_off begins; UG901: FULL_CASE changes the logic", "Use `ifndef"),
    Rule("function-lifetime", "AR 55194: functions are automatic by default, in the standard static", "Say automatic"),
    Rule("one-process", "[Synth 8-3352] multi-driven net, of a register that several processes write", "Split it"),
    Rule("assertion", "assertions are not supported, with warnings at best", "Put them in `ifndef SYNTHESIS"),
    Rule("system-task", "UG901: not supported or ignored", "Leave it to `ifndef SYNTHESIS"),
    Rule("check-message", "ignores $fatal and $error at module level that have no message", "Give 1 and a message"),
    # declarations and modules
    Rule("implicit-net", "[Synth 8-6735] net type must be explicitly specified when default_nettype is none", "Say so"),
    Rule("default-nettype", "[Synth 8-6735] in files that follow, IP of Xilinx among them", "End the file with wire"),
    Rule("declared-late", "[VRFC 10-3380] identifier is used before its declaration", "Declare it first"),
    Rule("output-initial", "[Synth 8-11014] non-net output port cannot be initialized at declaration", "Reset it"),
    Rule("net-type", "UG901: tri0, tri1, trireg and strengths are not supported or ignored", "Use wire"),
    Rule("primitive", "UG901: pulls, switches and arrays of primitives are not supported", "Write the logic"),
    Rule("verilog-file", "[Synth 8-2671] and others: SystemVerilog in a file that it reads as Verilog", "Name it .sv"),
    Rule("driven-reg", "[Synth 8-685] variable should not be used in output port connection", "Declare a wire"),
    Rule("macro", "[Synth 8-1766] cannot open include file; [Synth 8-2379] illegal macro parameter", "Use parameters"),
    Rule("module-twice", "[Synth 8-2490] overwriting previous definition of module", "Give each module its own name"),
    Rule("block-design-top", "UG994: no SystemVerilog at the top of a module reference", "Write plain Verilog"),
    Rule("generate-block", "UG900: must be named; [VRFC 10-2821] inside of loops and conditions alone", "Name it"),
    Rule("not-rtl", "UG901: supports the subset of SystemVerilog RTL that can be synthesized", "Leave it out"),
    # memories
    Rule("ram-style", "[Synth 8-11376] the ram_style is ignored because it is not a valid value", "Write it out"),
    Rule("uram-contents", "UG1273: UltraRAM with contents is for Versal", "Use block RAM"),
    Rule("memory-name", "opens no memory file but .mem and .dat", "Name it .mem"),
    Rule("memory-missing", "[Synth 8-4445] could not open $readmem data file; ignoring", "Write the file"),
    Rule("memory-format", "[Synth 8-273] error in $readmem data: non-binary digit", "A hexadecimal word a line"),
    Rule("memory-commas", "error in $readmem data: usage of illegal digit", "A word a line", since="2026.1"),
    Rule("memory-length", "UG901: synthesis and simulation differ where file and memory do", "One word each"),
    # what slang, a second reader, says
    Rule("not-systemverilog", "refuses what is no SystemVerilog", "See the message"),
)  # fmt: skip
RULES = {rule.id: rule for rule in _RULES}
