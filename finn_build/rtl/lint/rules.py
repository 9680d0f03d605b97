"""What the lint refuses: one rule per message of the record (docs/vivado.md), by the same id.

`says` is Vivado's own message where a public log holds it, else what its guide or an answer record says; names and
numbers of the log's own design are left out. Each row of the record holds the words of its rules.
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
    Rule("real-type", "does not support the real data type", "Use integers"),
    Rule("real-cast", "[Synth 8-10863] illegal size casting of a 'real' expression", "Use integers"),
    Rule(
        "sign-cast",
        "intermittently drop some of the bits of a sign extension",
        "Give the cast a net of its own",
    ),
    Rule("real-clog2", "[Synth 8-9566] illegal argument of type real in math function", "Use integers"),
    Rule("real-function", "For parameters only", "Use integers"),
    Rule("two-state", "do not mix 2-state and 4-state types", "Declare signals as logic or wire"),
    Rule("untyped-parameter", "does not take the type of its value", "Give the parameter its type"),
    Rule("parameter-default", "[Synth 8-9661] initial value of parameter is omitted", "Give it a default"),
    Rule("null-string", "Null string parameters are not supported", "Give it a name"),
    Rule("string-escape", "not taken; a concatenation with 8'd0 is", "Leave the escape out"),
    Rule("tagged-union", "Tagged unions: Not Supported", "Use a plain vector"),
    Rule("interface", "interfaces at the top are flattened, arrays of them have issues", "Use plain ports"),
    Rule("virtual-interface", "[Synth 8-27] virtual interface in continuous assignment not supported", "Use ports"),
    Rule("unpacked-port", "[Synth 8-659] type mismatch in port association", "Pack the array"),
    Rule("array-width", "[Synth 8-659] type mismatch in assignment", "Give both the same elements"),
    Rule("memory-of-structs", "registers instead of block RAM", "Use vectors as elements"),
    Rule("empty-range", "an error at synthesis", "Make it one element at least"),
    Rule("packed-size", "[Synth 8-6775] single value range is not allowed in packed dimension", "Write [N-1:0]"),
    Rule("enum-assignment", "[Synth 8-1587] an enum variable may only be assigned to same enum typed variable", "Cast"),
    Rule("vector-size", "[Synth 8-4556] size of variable is too large to handle; the limit is 1000000", "Use a memory"),
    # expressions
    Rule("large-decimal", "[Synth 8-10631] decimal constant should be smaller than 2147483648", "Give it a width"),
    Rule("replicated-pattern", "[Synth 8-11587] invalid assignment pattern", "Replicate by a concatenation"),
    Rule("array-method", "Array manipulation methods: Not Supported", "Write the loop"),
    Rule("array-query", "Array querying functions: Not Supported", "Use the parameter behind the size"),
    Rule("dynamic-cast", "$cast dynamic casting: Not Supported", "Use a static cast", since="2023.1"),
    Rule("variable-power", "operands constant, or the first a power of two", "Use shifts"),
    Rule("set-membership", "Set membership operator: Not Supported", "Compare with each value"),
    Rule("case-equality", "[Synth 8-589] replacing case/wildcard equality operator with logical equality", "Use =="),
    Rule("stream-order", "Re-ordering of the generic stream: Not Supported", "Write the concatenation"),
    Rule("select-prefix", "[Synth 8-2599] range is not allowed in a prefix", "Give what is selected from a name"),
    Rule("select-range", "[Synth 8-524] part-select out of range of prefix", "Select what is there"),
    Rule("select-index", "[Synth 8-324] index out of range", "Select what is there"),
    Rule("select-direction", "[Synth 8-523] part-select does not match declaration", "Select downwards"),
    Rule("string-concatenation", "no public log of it was found", "Write it out in the instance"),
    # statements
    Rule("jump", "[Synth 8-3380] loop condition does not converge after 2000 iterations", "Use a flag"),
    Rule("loop-limit", "[Synth 8-3380] loop condition does not converge after 2000 iterations", "Use a generate loop"),
    Rule("initial-loop", "[Synth 8-6896] loop limit (65536) exceeded inside initial block", "Read a file"),
    Rule("generate-limit", "[Synth 8-403] loop limit (65536) exceeded", "Make the loop shorter"),
    Rule("loop-signal", "[Synth 8-3380] loop condition does not converge after 2000 iterations", "Use constants"),
    Rule("while-loop", "loop limit (65536) exceeded", "Use a loop with constant bounds"),
    Rule("endless-loop", "forever statements: Unsupported; repeat value must be constant", "Use a counter"),
    Rule("parallel-block", "parallel blocks: Unsupported", "Use several processes"),
    Rule("delay", "delay (#): Ignored", "Use clocked logic"),
    Rule("timing-control", "event (@), wait: Unsupported", "Use clocked logic"),
    Rule("conditional-event", "Conditional event controls: Not Supported", "Test the condition inside"),
    Rule("event", "named events: Unsupported", "Use a signal"),
    Rule("one-edge", "[Synth 8-91] ambiguous clock in event control", "Give a process one clock edge"),
    Rule("sensitivity-list", "[Synth 8-614] signal is read in the process but is not in the sensitivity list", "@*"),
    Rule("forced", "force, release: Unsupported; assign, deassign: Supported with limitations", "Use a multiplexer"),
    Rule("disable", "disable: Supported except in For and Repeat Loop statements", "Use conditions"),
    Rule("unique-case", "unique-case, priority-case: Not Supported", "Write a complete case"),
    Rule("casex", "treats all x and z values in any bit position of the branch alternative as a don't care", "case"),
    Rule("case-width", "unsized integers in case statements: results can be unpredictable", "Give it a width"),
    Rule("pragma", "leaves out what stands between translate_off and translate_on", "Use `ifndef"),
    Rule("full-case", "no logic for values that no branch names", "Write a default"),
    Rule("function-lifetime", "all are taken as automatic", "Say automatic"),
    Rule("one-process", "[Synth 8-3352] multi-driven net", "Write each register in one process"),
    Rule("assigned-twice", "[DRC MDRV-1] Multiple Driver Nets", "Assign it once"),
    Rule("mixed-assignment", "Do not mix blocking and non-blocking assignments", "Use one of both"),
    Rule("initial-signal", "an initial value is a constant", "Reset it, or assign it"),
    Rule("assertion", "not supported: warnings", "Put them in `ifndef SYNTHESIS"),
    Rule("string-function", "no log of 2020.2 to 2022.1", "Write the name out in the instance"),
    Rule("message-task", "Supported only within initial blocks", "Use $fatal(1, message)"),
    Rule("system-task", "ignores unsupported system tasks", "Leave it to `ifndef SYNTHESIS"),
    Rule("check-message", "ignored without a message", "Give 1 and a message"),
    Rule("fatal-number", "[VRFC 10-696]", "Give 1 and a message"),
    # declarations and modules
    Rule("implicit-net", "[Synth 8-6735] net type must be explicitly specified", "Say wire"),
    Rule("default-nettype", "[Synth 8-6735] in files that follow", "End the file with wire"),
    Rule("declared-late", "[Synth 8-6901] identifier is used before its declaration", "Declare it first"),
    Rule("undeclared", "[Synth 8-36] is not declared", "Declare it"),
    Rule("redeclared", "[Synth 8-9339] data object is already declared", "Declare it once"),
    Rule("output-initial", "[Synth 8-11014] non-net output port cannot be initialized at declaration", "Reset it"),
    Rule("net-type", "tri0, tri1, trireg: Unsupported", "Use wire"),
    Rule("strength", "All Drive strengths: Ignored", "Use wire"),
    Rule("alias", "Net aliasing: Not Supported", "Use assign"),
    Rule("process-net", "[Synth 8-2576] procedural assignment to a non-register is not permitted", "Declare logic"),
    Rule("primitive", "pulldown and pullup, arrays of primitives: Unsupported; switches not supported", "Write logic"),
    Rule("include", "[Synth 8-1766] cannot open include file", "Use a parameter"),
    Rule("macro", "[Synth 8-2379] illegal macro parameter", "Use a parameter"),
    Rule("undefined-macro", "[Synth 8-2841] use of undefined macro", "Use a parameter"),
    Rule("module-twice", "[Synth 8-2490] overwriting previous definition", "Give each module its own name"),
    Rule("module-missing", "[Synth 8-439] module not found", "Add its file"),
    Rule("port-missing", "[Synth 8-448] named port connection does not exist", "Connect what is there"),
    Rule("parameter-missing", "[Synth 8-3438] does not have any parameter used as named parameter override", "Drop it"),
    Rule("block-design-top", "SystemVerilog at the top of a module reference is not supported", "Write Verilog"),
    Rule("block-design-parameter", "[IP_Flow 19-1837] Failed to convert long value", "Leave its top without any"),
    Rule("generate-block", "All generate blocks must be named", "Name it"),
    Rule("lone-block", "[VRFC 10-2821] generate block is allowed only inside loop and conditional generate", "Drop it"),
    Rule("not-rtl", "supports the subset of SystemVerilog RTL that can be synthesized", "Leave it out"),
    Rule("specify", "specify blocks: Ignored", "Leave it out"),
    Rule("macromodule", "macromodule definition: Unsupported", "Write module"),
    Rule("unrecorded", "neither guide nor log names it", "Leave it out"),
    # what a file that ends in .v does not hold
    Rule("verilog-type", "[Synth 8-993] is an unknown type", "Name it .sv"),
    Rule("verilog-syntax", "[Synth 8-2715] syntax error near", "Name it .sv"),
    Rule("verilog-literal", "a syntax error, whose number no log gives", "Name it .sv"),
    Rule("verilog-range", "[Synth 8-2671] single value range is not allowed in this mode of verilog", "Name it .sv"),
    Rule("verilog-packed", "multiple packed dimensions are not allowed in this mode of verilog", "Name it .sv"),
    Rule("verilog-array-port", "[Synth 8-9917] port must not be declared to be an array", "Name it .sv"),
    Rule("verilog-block", "[Synth 8-1873] declarations not allowed in unnamed block", "Name the block"),
    Rule("verilog-root", "[Synth 8-2644] root scope declaration is not allowed in verilog 95/2K mode", "Name it .sv"),
    Rule("verilog-system", "supported with SystemVerilog only", "Name it .sv"),
    Rule("verilog-clog2", "[Synth 8-2722] system function call clog2 is not allowed here", "Name it .sv"),
    Rule("verilog-localparam", "synthesis takes it, a block design does not", "Declare it in the body"),
    Rule("verilog-check", "[Synth 8-1921] elaboration system task violates IEEE 1800 syntax", "Name it .sv"),
    Rule("verilog-2005", "no log of a .v file; Icarus Verilog refuses it with -g2005", "Name it .sv"),
    Rule("driven-reg", "[Synth 8-1852] concurrent assignment to a non-net is not permitted", "Declare a wire"),
    Rule("connected-reg", "[Synth 8-685] variable should not be used in output port connection", "Declare a wire"),
    # memories
    Rule("ram-style-parameter", "lost in FINN's thresholding", "Write it out"),
    Rule("ram-style-empty", "[Synth 8-11376] ignored because it is not a valid value", "Write it out"),
    Rule("ram-style-value", "[Netlist 29-72] Incorrect value specified for property 'RAM_STYLE'", "Write a legal one"),
    Rule("ram-style-place", "[Synth 8-7186] is ignored, object is not inferred as ram", "Leave it out"),
    Rule("uram-contents", "can be given in Versal", "Use block RAM"),
    Rule("memory-name", "not opened as such", "Name it .mem"),
    Rule("memory-missing", "[Synth 8-4445] could not open $readmem data file; ignoring", "Write the file"),
    Rule("memory-format", "[Synth 8-273] error in $readmem data: non-binary digit", "A hexadecimal word a line"),
    Rule("memory-commas", "error in $readmem data: usage of illegal digit", "A word a line", since="2026.1"),
    Rule("memory-length", "to avoid behavioral conflicts between synthesis and the simulator", "One word each"),
    # what slang, a second reader, says
    Rule("syntax", "[Synth 8-2715] syntax error near", "See the message"),
    Rule("not-systemverilog", "not asked: no SystemVerilog to slang", "See the message"),
)  # fmt: skip
RULES = {rule.id: rule for rule in _RULES}
