"""The providers: each is shut down, even if the shutdown of another one fails."""

from __future__ import annotations

import pytest

from otel_trading.pipeline.deliver.deadline import after
from otel_trading.pipeline.setup.providers import FILE, Providers


class Foreign:
    """A provider of a configuration file."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error, self.ended = error, False

    def shutdown(self) -> None:
        self.ended = True
        if self.error is not None:
            raise self.error


@pytest.mark.fault(35, 50)
def test_a_provider_of_the_file_that_fails_to_shut_down_does_not_keep_the_others_running(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("PYTEST_VERSION")  # as in production
    broken, fine = Foreign(ValueError("an exporter of theirs")), Foreign()
    providers = Providers()
    providers.add("traces", broken, FILE)
    providers.add("logs", fine, FILE)
    providers.close(after(30))
    assert (broken.ended, fine.ended) == (True, True)
