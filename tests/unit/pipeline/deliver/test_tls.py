"""TLS: a certificate that cannot be used is an error at the start that names its file; an expired one is a warning."""

from __future__ import annotations

from pathlib import Path

import pytest

from otel_trading.errors import ConfigurationError
from otel_trading.pipeline.deliver.tls import credentials

HERE = Path(__file__).parent / "certificates"


def given(monkeypatch: pytest.MonkeyPatch, **files: object) -> None:
    for name, path in files.items():
        monkeypatch.setenv(f"OTEL_EXPORTER_OTLP_{name}", str(path))


def test_the_variable_of_a_signal_overrides_the_general_one(monkeypatch) -> None:
    given(monkeypatch, CERTIFICATE=HERE / "one.pem", TRACES_CERTIFICATE=HERE / "expired.pem")
    assert credentials("traces").authorities == str(HERE / "expired.pem")
    assert credentials("logs").authorities == str(HERE / "one.pem")


def test_our_own_certificate_is_used_with_its_key(monkeypatch) -> None:
    given(monkeypatch, CLIENT_CERTIFICATE=HERE / "one.pem", CLIENT_KEY=HERE / "one.key")
    found = credentials("traces")
    assert found.own == (str(HERE / "one.pem"), str(HERE / "one.key"))
    assert found.for_grpc()


@pytest.mark.fault(5)
@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"CERTIFICATE": "no/such.pem"}, "OTEL_EXPORTER_OTLP_CERTIFICATE names 'no/such.pem', which cannot be used: No such file"),
        ({"CERTIFICATE": HERE}, "cannot be used: "),
        ({"CERTIFICATE": HERE / "one.key"}, "it does not contain PEM"),
        ({"CLIENT_CERTIFICATE": HERE / "one.pem", "CLIENT_KEY": HERE / "two.key"}, "its key does not belong to the certificate"),
        ({"CLIENT_CERTIFICATE": HERE / "one.pem", "CLIENT_KEY": "no/such.key"}, "No such file"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_used_is_named(monkeypatch, files, reason) -> None:
    given(monkeypatch, **files)
    with pytest.raises(ConfigurationError) as raised:
        credentials("traces")
    assert reason in str(raised.value)


@pytest.mark.fault(5)
def test_expired_certificates_cause_a_warning(monkeypatch, caplog) -> None:
    given(monkeypatch, CERTIFICATE=HERE / "expired.pem")
    credentials("traces")
    assert caplog.messages == [f"otel_trading: every certificate in {HERE / 'expired.pem'} has expired"]
