"""TLS: reads and checks the certificates of the OTLP connections when the process starts."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from otel_trading._guard import warn
from otel_trading.errors import ConfigurationError
from otel_trading.pipeline.deliver.wire import variable

if TYPE_CHECKING:
    import grpc


@dataclass(frozen=True)
class Credentials:
    """Files of certificates, as named by OpenTelemetry's variables.

    Attributes:
        authorities: Certificates of the authorities to trust, in place of the system's.
        certificate: Our own certificate, for mutual TLS.
        key: The private key of our own certificate.
    """

    authorities: str | None = None
    certificate: str | None = None
    key: str | None = None

    @property
    def own(self) -> str | tuple[str, str] | None:
        """Our own certificate in the form that `requests` expects."""
        return (self.certificate, self.key) if self.certificate and self.key else self.certificate

    def for_grpc(self) -> grpc.ChannelCredentials:
        """Return our own certificate and the authorities in the form that gRPC expects."""
        import grpc  # noqa: PLC0415 - only exports over gRPC need it

        files = (self.authorities, self.key, self.certificate)
        return grpc.ssl_channel_credentials(*(Path(name).read_bytes() if name else None for name in files))


def credentials(signal: str) -> Credentials:
    """Return the certificates for one signal, after checking them.

    Args:
        signal: "traces", "metrics" or "logs".

    Raises:
        ConfigurationError: A file cannot be read, or the key does not belong to the certificate.
    """
    names = ("CERTIFICATE", "CLIENT_CERTIFICATE", "CLIENT_KEY")
    authorities, certificate, key = (variable(signal, name) for name in names)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if authorities is not None:
        _try("CERTIFICATE", authorities, lambda: context.load_verify_locations(authorities))
        _warn_if_expired(context, authorities)
    if certificate is not None:
        _try("CLIENT_CERTIFICATE", certificate, lambda: context.load_cert_chain(certificate, key))
    return Credentials(authorities, certificate, key)


def _try(name: str, path: str, load: Callable[[], None]) -> None:
    try:
        load()
    except ssl.SSLError as error:
        reason = (
            "its key does not belong to the certificate"
            if "MISMATCH" in str(error)
            else "it does not contain PEM"
        )
        raise ConfigurationError(_refusal(name, path, f"{reason} ({error.reason})")) from None
    except OSError as error:
        raise ConfigurationError(_refusal(name, path, error.strerror or str(error))) from None


def _refusal(name: str, path: str, reason: str) -> str:
    return f"OTEL_EXPORTER_OTLP_{name} names {path!r}, which cannot be used: {reason}."


def _warn_if_expired(context: ssl.SSLContext, path: str) -> None:
    ends = [ssl.cert_time_to_seconds(str(found["notAfter"])) for found in context.get_ca_certs()]
    if ends and max(ends) < time.time():
        warn("certificate", "otel_trading: every certificate in %s has expired", path)
