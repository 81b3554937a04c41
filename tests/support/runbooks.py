"""The runbooks: the queries and commands that the reader pastes, block by block."""

from __future__ import annotations

from typing import NamedTuple

from tests.support.pages import DOCS, steps_of

FOLDER = DOCS / "runbooks"
PAGES = {path.stem: path for path in sorted(FOLDER.glob("*.md")) if path.stem != "index"}


class Block(NamedTuple):
    """One query or command of a runbook.

    Attributes:
        page: The name of the alert and of its runbook.
        number: The number of the block among the blocks of its language on the page.
        finds_data: Whether the query also finds data in a healthy system.
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
    found = [step for step in steps_of(f"runbooks/{page}.md") if step.language == language]
    return [
        Block(page, number, step.mark == "data", step.text.strip())
        for number, step in enumerate(found, start=1)
    ]


def all_blocks(language: str) -> list[Block]:
    return [block for page in PAGES for block in blocks_of(page, language)]
