"""The pictures of docs/architecture.md name the rooms and files that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "otel_trading"
IMAGES = ROOT / "docs" / "images"
ROOMS = sorted(path.parent.name for path in PACKAGE.glob("*/__init__.py"))
PIPELINE = sorted(path.parent.name for path in (PACKAGE / "pipeline").glob("*/__init__.py"))


def words(picture: str) -> str:
    return " ".join(re.findall(r">([^<>]+)</text>", (IMAGES / picture).read_text(encoding="utf-8")))


@pytest.mark.parametrize("room", [*ROOMS, *PIPELINE])
def test_the_picture_of_the_rooms_names_each_room(room):
    assert re.search(rf"(?<!\w){room}(?!\w)", words("rooms.svg"))


def test_each_file_in_the_picture_of_a_tick_exists():
    files = re.findall(r"[\w/]+\.(?:py|yaml)", words("tick.svg"))
    homes = (PACKAGE, PACKAGE / "pipeline", ROOT)
    assert len(files) >= 8
    assert [file for file in files if not any((home / file).is_file() for home in homes)] == []
