"""The runbooks: the queries and commands that the reader pastes, block by block."""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import dedent
from typing import NamedTuple

FOLDER = Path(__file__).parents[2] / "docs/runbooks"
PAGES = {path.stem: path for path in sorted(FOLDER.glob("*.md")) if path.stem != "index"}

_FENCE = re.compile(r"^( *)```(\w+)( \{\.data\})?\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)


class Block(NamedTuple):
    """One query or command of a runbook.

    Attributes:
        page: The alert that the runbook is for.
        number: Its number among the blocks of its language on the page.
        finds_data: Whether it also finds data in a healthy system.
        text: The text that the reader pastes.
    """

    page: str
    number: int
    finds_data: bool
    text: str

    def __str__(self) -> str:
        return f"{self.page}-{self.number}"


def text_of(page: str) -> str:
    return PAGES[page].read_text(encoding="utf-8")


def blocks_of(page: str, language: str) -> list[Block]:
    found = [fence for fence in _FENCE.findall(text_of(page)) if fence[1] == language]
    return [
        Block(page, number, bool(data), dedent(text).strip())
        for number, (_, _, data, text) in enumerate(found, start=1)
    ]


def all_blocks(language: str) -> list[Block]:
    return [block for page in PAGES for block in blocks_of(page, language)]
