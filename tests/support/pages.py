"""The pages of the documentation: the blocks that a reader writes to a file, runs, or compares."""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import dedent
from typing import NamedTuple

DOCS = Path(__file__).parents[2] / "docs"

_FENCE = re.compile(
    r'^( *)```(?P<language>\w+)(?: \{\.(?P<mark>[\w-]+)\})?(?: title="(?P<file>[^"]+)")?\n(?P<text>.*?)^\1```$',
    re.DOTALL | re.MULTILINE,
)


class Step(NamedTuple):
    """One block of a page.

    Attributes:
        language: "python" is written to a file, "bash" is run, "text" is the output of the run before it.
        mark: "stack" needs the real backends, "by-hand" is not run here; None for all others.
        file: The file that a block of Python is appended to.
        text: The text that the reader pastes.
    """

    language: str
    mark: str | None
    file: str | None
    text: str


def in_test(text: str) -> str:
    """Return the text of a block with the environment "test", in which the example traded, in place of "live"."""
    return re.sub(r"\blive\b", "test", text)


def steps_of(page: str) -> list[Step]:
    """Return the blocks of a page of docs/, from top to bottom."""
    text = (DOCS / page).read_text(encoding="utf-8")
    return [
        Step(found["language"], found["mark"], found["file"], dedent(found["text"]))
        for found in _FENCE.finditer(text)
    ]


def shows(expected: str, printed: str) -> bool:
    """Return whether a run printed the text of a page; `…` matches any text, on a line of its own any lines."""
    lines = [
        r"(?:.*\n)*?" if line.strip() == "…" else re.escape(line).replace("…", ".*?") + r"\s*\n"
        for line in expected.strip().splitlines()
    ]
    return re.fullmatch(r"(?:.*\n)*?" + "".join(lines) + r"(?:.*\n)*?", printed + "\n") is not None
