"""The language is plain English: sentences name their subject, in place of a clause that begins with "what" or "who"."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDERS = ("otel_trading", "tools", "collector", "registry", "examples", "benchmarks")
BUDGET = 0.01

HEADLESS = re.compile(
    r"(^|[,;:]\s|\b(of|for|in|and|to|by|from|at|on|is|are|as|with)\s)(what|whatever|who|whoever)\s+\w+",
    re.IGNORECASE,
)
"""A relative clause with no noun before it, such as "return what was given"; also hits "decides what X means"."""

SECTION = re.compile(r"\n\s*(Args|Returns|Raises|Yields|Attributes|Example|Examples):")
SENTENCE = re.compile(r"(?<=[.!?])\s+")
FENCE = re.compile(r"^( *)```.*?^\1```", re.DOTALL | re.MULTILINE)


def sentences(text: str) -> list[str]:
    """The sentences of a text that have more than two words."""
    parts = SENTENCE.split(" ".join(text.split()))
    return [part for part in parts if len(part.split()) > 2]


def docstrings(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield SECTION.split(ast.get_docstring(node) or "")[0]


def prose(page: Path) -> Iterator[str]:
    """The paragraphs of a page; fences, tables and headings left out."""
    for paragraph in FENCE.sub("", page.read_text(encoding="utf-8")).split("\n\n"):
        if not paragraph.lstrip().startswith(("#", "|", "<", "!")):
            yield paragraph


def is_generated(path: Path) -> bool:
    return "make generate. Do not edit." in path.read_text(encoding="utf-8")[:400]


def share(found: list[str]) -> tuple[float, list[str]]:
    """How many of the sentences have a headless clause, and which."""
    headless = [sentence for sentence in found if HEADLESS.search(sentence)]
    return len(headless) / max(len(found), 1), headless


def test_the_expression_finds_headless_clauses_and_leaves_other_sentences_alone():
    assert HEADLESS.search("a copy of what was given")
    assert HEADLESS.search("whoever has all objects disturbs threads")
    assert not HEADLESS.search("Return the value that was given")
    assert not HEADLESS.search("The reader decides which points it exports")


def test_at_most_one_docstring_sentence_in_a_hundred_has_a_headless_clause():
    paths = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]
    found = [
        s for path in paths if not is_generated(path) for text in docstrings(path) for s in sentences(text)
    ]
    measured, headless = share(found)
    assert measured <= BUDGET, headless


def test_the_share_of_headless_clauses_in_the_docs_is_printed(capsys):
    """It has no bound yet."""
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
    found = [s for page in pages if not is_generated(page) for text in prose(page) for s in sentences(text)]
    measured, headless = share(found)
    with capsys.disabled():
        print(f"\ndocs: {len(headless)} of {len(found)} sentences have a headless clause ({measured:.1%})")  # noqa: T201
    assert found
