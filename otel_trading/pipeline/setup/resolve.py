"""Resolve: find each setting's value in keywords, environment or configuration file, and check it."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit

from otel_trading.errors import ConfigurationError, nearest
from otel_trading.pipeline.setup import parsers
from otel_trading.pipeline.setup.settings import BY_NAME, PREFIX, SETTINGS, Setting, Settings

_WELL_KNOWN_PORTS: Final = {4317: "grpc", 4318: "http/protobuf"}
"""The default ports of OTLP: https://opentelemetry.io/docs/specs/otlp/"""

_READ_ELSEWHERE: Final = ("OTEL_TRADING_BUILD", "OTEL_TRADING_PURE_PYTHON")
"""Our variables that are not settings: the build and `recording.form` read them before `configure` runs."""

_VARIABLES: Final = frozenset((*(setting.variable for setting in SETTINGS), *_READ_ELSEWHERE))


def resolve(
    keywords: Mapping[str, object], environ: Mapping[str, str], in_file: Mapping[str, object] | None = None
) -> Settings:
    """Return the settings: keyword, else `OTEL_TRADING_*`, else `OTEL_*`, else default.

    Args:
        keywords: The keywords of `configure`; None counts as not given.
        environ: The environment.
        in_file: The settings of a configuration file, which replaces every `OTEL_*`, or None without a file.

    Raises:
        ConfigurationError: One sentence with the setting, the given value, its source and what is allowed.
    """
    _refuse_unknown(keywords, environ, in_file or {})
    found: dict[str, Any] = {}
    ours: set[str] = set()
    for setting in SETTINGS:
        value, source = _own(setting, keywords, environ)
        if source:
            ours.add(setting.name)
        elif in_file is not None:
            value, source = in_file.get(setting.name), "in the configuration file"
        # The specification: a variable that is set to an empty value counts as unset.
        # https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/#parsing-empty-value
        elif setting.otel and environ.get(setting.otel) and setting.general not in ours:
            value, source = environ[setting.otel], f"given as {setting.otel}"
        found[setting.name] = setting.default if value is None else _parse(setting, value, source)
    _derive(found)
    if in_file is None:
        _check_together(found)
    return Settings(**found, given=frozenset(ours))


def _own(setting: Setting, keywords: Mapping[str, object], environ: Mapping[str, str]) -> tuple[object, str]:
    if keywords.get(setting.name) is not None:
        return keywords[setting.name], "given as a keyword"
    if setting.variable in environ:
        return environ[setting.variable], f"given as {setting.variable}"
    return None, ""


def _parse(setting: Setting, value: object, source: str) -> Any:
    try:
        parsed = setting.parse(value) if source != f"given as {setting.otel}" else _parse_otel(setting, value)
    except parsers.Refused as refused:
        raise ConfigurationError(f"{setting.name} ({source}) {refused}") from None
    return parsed


def _parse_otel(setting: Setting, value: object) -> Any:
    if setting.scale == 1.0:
        return setting.parse(value)
    try:
        return setting.parse(float(str(value)) * setting.scale)
    except ValueError:
        raise parsers.Refused(f"is {value!r} but must be a number of milliseconds above 0.") from None


def _refuse_unknown(
    keywords: Mapping[str, object], environ: Mapping[str, str], in_file: Mapping[str, object]
) -> None:
    for names, where in ((keywords, "configure() has no setting"), (in_file, "The configuration file sets")):
        for name in names:
            if name not in BY_NAME:
                hint = nearest(name, BY_NAME)
                raise ConfigurationError(f"{where} {name!r}, which otel_trading does not know.{hint}")
    for name in environ:
        if name.startswith(PREFIX) and name not in _VARIABLES:
            hint = nearest(name, _VARIABLES)
            raise ConfigurationError(f"otel_trading has no environment variable {name}.{hint}")


def _derive(found: dict[str, Any]) -> None:
    """Derive the protocol from the port of the endpoint, or the endpoint from the protocol."""
    port = urlsplit(found["endpoint"]).port if found["endpoint"] else None
    if found["protocol"] is None:
        found["protocol"] = _WELL_KNOWN_PORTS.get(port or 4317, "grpc")
    if found["endpoint"] is None:
        found["endpoint"] = f"http://localhost:{4317 if found['protocol'] == 'grpc' else 4318}"


def _check_together(found: Mapping[str, Any]) -> None:
    for name in ("endpoint", "traces_endpoint", "metrics_endpoint", "logs_endpoint"):
        if found[name] is not None:
            _check_endpoint(name, found[name], found["protocol"], insecure=found["insecure"])
    for kind in ("span", "log"):
        queue, batch = found[f"{kind}_queue_size"], found[f"{kind}_batch_size"]
        if batch > queue:
            raise ConfigurationError(
                f"{kind}_batch_size is {batch} but must be at most {kind}_queue_size, which is {queue}."
            )


def _check_endpoint(name: str, endpoint: str, protocol: str, *, insecure: bool) -> None:
    parts = urlsplit(endpoint)
    port_protocol = _WELL_KNOWN_PORTS.get(parts.port or 0, protocol)
    if port_protocol != protocol:
        raise ConfigurationError(
            f"{name} is {endpoint!r}, whose port is that of {port_protocol}, but protocol is {protocol!r}: "
            f"set protocol to {port_protocol!r}, or use the port of {protocol}."
        )
    if parts.scheme == "http" and not insecure and not _is_loopback(parts.hostname or ""):
        raise ConfigurationError(
            f"{name} is {endpoint!r}, which would send telemetry unencrypted to another machine: "
            "use https, or set insecure to true."
        )


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):  # RFC 6761, 6.3: these names are always loopback
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
