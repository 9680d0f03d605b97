"""One small fault in one file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

SHORT = 6  # characters: such a text says too little by itself


@dataclass(frozen=True)
class Mutant:
    """A piece of a file's text and what stands there instead.

    Attributes:
        path: of the file.
        line: number of its first line, from 1.
        start, end: place in the text; the end is exclusive.
        before, after: the two texts.
        statement: they are statements, not expressions.
        context: the line around a text that says too little by itself, such as a number.
    """

    path: Path
    line: int
    start: int
    end: int
    before: str
    after: str
    statement: bool = False
    context: str = ""

    @property
    def name(self) -> str:
        """File and both texts, and their line where these say too little: what a mutant is called though lines move."""
        before, after = (" ".join(text.split()) for text in (self.before, self.after))
        return f"{self.path.name}: {before} => {after}" + (f", in {self.context}" if self.context else "")

    def __str__(self) -> str:
        return f"line {self.line}: {self.name}"

    def applied(self, text: str) -> str:
        """The file's text with the fault."""
        return text[: self.start] + self.after + text[self.end :]
