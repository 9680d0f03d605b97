"""Constructs that a rule refuses wherever they stand, by slang's name of their syntax."""

from __future__ import annotations

# In any file.
REFUSED: dict[str, str] = {
    "StringType": "string-type",
    "RealType": "real-type",
    "ShortRealType": "real-type",
    "RealTimeType": "real-type",
    "TaggedUnionExpression": "tagged-union",
    "TaggedPattern": "tagged-union",
    "InterfaceDeclaration": "interface",
    "InterfacePortHeader": "interface",
    "VirtualInterfaceType": "virtual-interface",
    "ReplicatedAssignmentPattern": "replicated-pattern",
    "ArrayAndMethod": "array-method",
    "ArrayOrMethod": "array-method",
    "ArrayXorMethod": "array-method",
    "ArrayUniqueMethod": "array-method",
    "JumpStatement": "jump",
    "ForeverStatement": "endless-loop",
    "DoWhileStatement": "while-loop",
    "ParallelBlockStatement": "parallel-block",
    "DelayControl": "delay",
    "Delay3": "delay",
    "WaitStatement": "timing-control",
    "WaitForkStatement": "timing-control",
    "WaitOrderStatement": "timing-control",
    "IffEventClause": "conditional-event",
    "EventType": "event",
    "BlockingEventTriggerStatement": "event",
    "NonblockingEventTriggerStatement": "event",
    "SequenceDeclaration": "event",
    "ProceduralForceStatement": "forced",
    "ProceduralReleaseStatement": "forced",
    "ProceduralAssignStatement": "forced",
    "ProceduralDeassignStatement": "forced",
    "DisableStatement": "disable",
    "DisableForkStatement": "disable",
    "AssertPropertyStatement": "assertion",
    "AssumePropertyStatement": "assertion",
    "CoverPropertyStatement": "assertion",
    "ImmediateAssertStatement": "assertion",
    "ImmediateAssumeStatement": "assertion",
    "ImmediateCoverStatement": "assertion",
    "CoverSequenceStatement": "assertion",
    "PropertyDeclaration": "assertion",
    "ExpectPropertyStatement": "assertion",
    "DriveStrength": "strength",
    "ChargeStrength": "strength",
    "PullStrength": "strength",
    "RestrictPropertyStatement": "assertion",
    "ClassDeclaration": "not-rtl",
    "ProgramDeclaration": "not-rtl",
    "CheckerDeclaration": "not-rtl",
    "CovergroupDeclaration": "not-rtl",
    "ClockingDeclaration": "not-rtl",
    "DefaultClockingReference": "not-rtl",
    "CHandleType": "not-rtl",
    "QueueDimensionSpecifier": "not-rtl",
    "WildcardDimensionSpecifier": "not-rtl",
    "DPIImport": "not-rtl",
    "DPIExport": "not-rtl",
    "FinalBlock": "not-rtl",
    "SpecifyBlock": "specify",
    "SpecparamDeclaration": "specify",
    "NetTypeDeclaration": "not-rtl",
    "RandCaseStatement": "not-rtl",
    "RandSequenceStatement": "not-rtl",
    "DefaultDisableDeclaration": "not-rtl",
    "BindDirective": "not-rtl",
    "ElementSelectExpression": "select-prefix",
    "InsideExpression": "set-membership",
    "CaseEqualityExpression": "case-equality",
    "CaseInequalityExpression": "case-equality",
    "NetAlias": "alias",
    "LetDeclaration": "unrecorded",
    "UdpDeclaration": "unrecorded",
    "MatchesClause": "unrecorded",
    "PatternCaseItem": "unrecorded",
}

ARRAY_QUERIES = frozenset(
    ("$left", "$right", "$low", "$high", "$increment", "$size", "$dimensions", "$unpacked_dimensions")
)
ARRAY_METHODS = frozenset((
    *("sum", "product", "and", "or", "xor", "reverse", "sort", "rsort", "shuffle", "min", "max", "unique", "find"),
    *("unique_index", "find_index", "find_first", "find_first_index", "find_last", "find_last_index"),
))  # fmt: skip
REAL_FUNCTIONS = frozenset((
    *("$rtoi", "$itor", "$bitstoreal", "$realtobits", "$bitstoshortreal", "$shortrealtobits", "$floor", "$ceil"),
    *("$ln", "$log10", "$exp", "$sqrt", "$sin", "$cos", "$tan", "$asin", "$acos", "$atan", "$atan2", "$hypot"),
    *("$sinh", "$cosh", "$tanh", "$asinh", "$acosh", "$atanh", "$realtime", "$pow"),
))  # fmt: skip
TASKS = frozenset((  # that synthesis takes; it ignores all others (UG901, System Tasks)
    *("$readmemb", "$readmemh", "$signed", "$unsigned", "$clog2", "$bits"),
    *("$countones", "$countbits", "$onehot", "$onehot0", "$isunknown"),
))  # fmt: skip
SWITCHES = frozenset((
    *("pullup", "pulldown", "tran", "tranif0", "tranif1", "rtran", "rtranif0", "rtranif1"),
    *("cmos", "rcmos", "nmos", "pmos", "rnmos", "rpmos"),
))  # fmt: skip
NET_TYPES = {"tri0": "net-type", "tri1": "net-type", "trireg": "net-type"} | dict.fromkeys(
    ("triand", "trior", "interconnect"), "unrecorded"
)
RAM_STYLES = frozenset(("auto", "block", "distributed", "register", "registers", "ultra"))
ROM_STYLES = frozenset(("auto", "block", "distributed"))
