"""What the package tells in a test, and the guard as it is in production."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.seen import Seen


@pytest.fixture(autouse=True)
def _detached() -> Iterator[None]:
    yield
    Seen.detach()


@pytest.fixture
def seen() -> Seen:
    return Seen()


@pytest.fixture
def guarded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The guard as it is in production: an error of ours is swallowed."""
    monkeypatch.delenv("PYTEST_VERSION")
