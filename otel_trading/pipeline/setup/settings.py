"""Settings: one class names, types, parses and documents each setting once; `resolve` fills it.

The class body is the table: the reference page, the environment variables and the errors are made from it.
OpenTelemetry's own variables: https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final, NamedTuple, TypeVar

from otel_trading.pipeline.setup import parsers

PREFIX: Final = "OTEL_TRADING_"
PROTOCOLS: Final = ("grpc", "http/protobuf")
SIGNALS: Final = ("traces", "metrics", "logs")

_MILLISECONDS: Final = 0.001
_A_DAY: Final = 86_400.0
_ROW: Final = "setting"
"""The key, in the metadata of a field, of the values of its `Setting`."""

_DERIVED: Final[Any] = None
"""The default of a setting that `resolve` derives from other settings, so that it is never None."""

T = TypeVar("T")
D = TypeVar("D")


class Setting(NamedTuple):
    """One row of the table.

    Attributes:
        name: The keyword of `configure`; the variable is `OTEL_TRADING_` and this name in capitals.
        parse: Turns the given value into a typed one, or raises `parsers.Refused`.
        default: The value if none was given.
        doc: One sentence for the reference page.
        otel: OpenTelemetry's own variable for it, if there is one.
        scale: The factor for a value of `otel`: OpenTelemetry counts milliseconds where we count seconds.
        general: The setting that this one refines for one signal; `otel` is not read if `general` was given
            as a keyword or as our own variable.
        in_file: Whether it still applies if `OTEL_CONFIG_FILE` describes the providers.
    """

    name: str
    parse: parsers.Parser
    default: Any
    doc: str
    otel: str | None
    scale: float
    general: str | None
    in_file: bool

    @property
    def variable(self) -> str:
        """Our own environment variable."""
        return PREFIX + self.name.upper()


def _setting(
    parse: Callable[[object], T],
    default: D,
    doc: str,
    *,
    otel: str | None = None,
    scale: float = 1.0,
    general: str | None = None,
    in_file: bool = False,
    repr: bool = True,
) -> T | D:
    """Return the dataclass field of one setting; mypy checks its annotation against parser and default."""
    row = (parse, default, doc, otel, scale, general, in_file)
    return field(default=default, repr=repr, metadata={_ROW: row})


_SIGNAL_EXPORTERS = parsers.some_of("otlp", "console", "none")
_METRIC_EXPORTERS = parsers.some_of("otlp", "prometheus", "console", "none")
_OTLP = "OTEL_EXPORTER_OTLP_"


@dataclass(frozen=True)
class Settings:
    """The settings in force, each checked."""

    service_name: str | None = _setting(
        parsers.text, None, "The name of the service; the only setting without a default.",
        otel="OTEL_SERVICE_NAME", in_file=True,
    )  # fmt: skip
    service_namespace: str | None = _setting(
        parsers.text, None, "The system that the service belongs to, as `service.namespace`.", in_file=True
    )
    service_version: str | None = _setting(
        parsers.text, None, "The version of the service, as `service.version`.", in_file=True
    )
    environment: str | None = _setting(
        parsers.text, None,
        "Where the service trades, such as `paper` or `live`, as `deployment.environment.name`.",
        in_file=True,
    )  # fmt: skip
    instance_id: str | None = _setting(
        parsers.text, None,
        "Distinguishes replicas on one host, as `service.instance.id`; by default a UUIDv5 of host and "
        "service, which stays the same after a restart. A child process that was forked from a process with "
        "telemetry, or started by `multiprocessing`, appends its process id.",
        in_file=True,
    )  # fmt: skip
    resource_attributes: Mapping[str, str] | None = _setting(
        parsers.mapping, None,
        "More attributes of the resource, added to those of `OTEL_RESOURCE_ATTRIBUTES`.", in_file=True,
    )  # fmt: skip
    exporters: tuple[str, ...] = _setting(
        _METRIC_EXPORTERS, ("otlp",),
        "The exporters of all signals: some of `otlp`, `prometheus` (metrics only), `console`, `none`.",
    )  # fmt: skip
    traces_exporters: tuple[str, ...] | None = _setting(
        _SIGNAL_EXPORTERS, None, "The exporters of traces, if they differ.",
        otel="OTEL_TRACES_EXPORTER", general="exporters",
    )  # fmt: skip
    metrics_exporters: tuple[str, ...] | None = _setting(
        _METRIC_EXPORTERS, None, "The exporters of metrics, if they differ.",
        otel="OTEL_METRICS_EXPORTER", general="exporters",
    )  # fmt: skip
    logs_exporters: tuple[str, ...] | None = _setting(
        _SIGNAL_EXPORTERS, None, "The exporters of logs, if they differ.",
        otel="OTEL_LOGS_EXPORTER", general="exporters",
    )  # fmt: skip
    protocol: str = _setting(
        parsers.one_of(*PROTOCOLS), _DERIVED,
        "The protocol of OTLP: `grpc` or `http/protobuf`; by default `http/protobuf` for an endpoint with "
        "port 4318, else `grpc`.",
        otel=_OTLP + "PROTOCOL",
    )  # fmt: skip
    endpoint: str = _setting(
        parsers.url, _DERIVED,
        "The URL that OTLP is sent to; by default port 4317 (gRPC) or 4318 (HTTP) of this machine.",
        otel=_OTLP + "ENDPOINT",
    )  # fmt: skip
    traces_endpoint: str | None = _setting(
        parsers.url, None, "The URL that traces are sent to, if it differs, with its path.",
        otel=_OTLP + "TRACES_ENDPOINT", general="endpoint",
    )  # fmt: skip
    metrics_endpoint: str | None = _setting(
        parsers.url, None, "The URL that metrics are sent to, if it differs, with its path.",
        otel=_OTLP + "METRICS_ENDPOINT", general="endpoint",
    )  # fmt: skip
    logs_endpoint: str | None = _setting(
        parsers.url, None, "The URL that logs are sent to, if it differs, with its path.",
        otel=_OTLP + "LOGS_ENDPOINT", general="endpoint",
    )  # fmt: skip
    headers: Mapping[str, str] | None = _setting(
        parsers.mapping, None,
        "Headers of every OTLP request, for credentials; by default those of `OTEL_EXPORTER_OTLP_HEADERS`. "
        "Never printed.", repr=False,
    )  # fmt: skip
    insecure: bool = _setting(
        parsers.boolean, default=False, doc="Allows plain http to another machine.", otel=_OTLP + "INSECURE"
    )
    export_interval: float = _setting(
        parsers.seconds(_A_DAY), 5.0,
        "Seconds between two exports of metrics (OpenTelemetry's variable: milliseconds).",
        otel="OTEL_METRIC_EXPORT_INTERVAL", scale=_MILLISECONDS,
    )  # fmt: skip
    export_timeout: float = _setting(
        parsers.seconds(300), 10.0, "Seconds that one export may take, with its retries.",
        otel=_OTLP + "TIMEOUT",
    )  # fmt: skip
    temporality: str = _setting(
        parsers.one_of("cumulative", "delta", "lowmemory"), "cumulative",
        "Whether an exported sum counts from the start of the process (`cumulative`) or from the last export "
        "(`delta`); `lowmemory` is delta except for observable counters.",
        otel=_OTLP + "METRICS_TEMPORALITY_PREFERENCE",
    )  # fmt: skip
    sample_ratio: float | None = _setting(
        parsers.ratio, None,
        "The share of new traces that is kept; by default `OTEL_TRACES_SAMPLER` decides, and without it all "
        "are kept.",
    )  # fmt: skip
    span_queue_size: int = _setting(
        parsers.count, 8192,
        "How many ended spans wait for their export, per exporter; a full queue drops the oldest and counts "
        "them.", otel="OTEL_BSP_MAX_QUEUE_SIZE",
    )  # fmt: skip
    span_batch_size: int = _setting(
        parsers.count, 512, "How many spans one request holds at most.",
        otel="OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
    )  # fmt: skip
    span_delay: float = _setting(
        parsers.seconds(_A_DAY), 1.0,
        "Seconds that a span waits for others (OpenTelemetry's variable: milliseconds).",
        otel="OTEL_BSP_SCHEDULE_DELAY", scale=_MILLISECONDS,
    )  # fmt: skip
    defer_span_ends: bool = _setting(
        parsers.boolean, default=False,
        doc="Passes ended spans to their processors on a separate thread: traced calls return sooner, and a "
        "killed process loses the spans of its last 50 ms.", in_file=True,
    )  # fmt: skip
    log_queue_size: int = _setting(
        parsers.count, 8192,
        "How many log records wait for their export, per exporter; a full queue drops the oldest and counts "
        "them.", otel="OTEL_BLRP_MAX_QUEUE_SIZE",
    )  # fmt: skip
    log_batch_size: int = _setting(
        parsers.count, 512, "How many log records one request holds at most.",
        otel="OTEL_BLRP_MAX_EXPORT_BATCH_SIZE",
    )  # fmt: skip
    log_delay: float = _setting(
        parsers.seconds(_A_DAY), 1.0,
        "Seconds that a log record waits for others (OpenTelemetry's variable: milliseconds).",
        otel="OTEL_BLRP_SCHEDULE_DELAY", scale=_MILLISECONDS,
    )  # fmt: skip
    queue_bytes: int = _setting(
        parsers.byte_count, 16 * 1024 * 1024,
        "About how many bytes wait for their export, per signal and exporter; a full queue drops the oldest.",
    )  # fmt: skip
    journal: str | None = _setting(
        parsers.text, None,
        "A directory of this process alone. Audit events (orders, fills, rejections, limit breaches, the "
        "kill switch) are written there before the call that records them returns.",
    )  # fmt: skip
    journal_fsync: str = _setting(
        parsers.one_of("always", "interval", "off"), "interval",
        "When a line of the journal is forced to the disk: before the call returns, within a second, or "
        "when the operating system decides. A killed process loses nothing in any case.",
    )  # fmt: skip
    journal_bytes: int = _setting(
        parsers.byte_count, 256 * 1024 * 1024,
        "About how many bytes the journal holds at most; the oldest lines are deleted.",
    )  # fmt: skip
    redactor: Callable[[str, str], str] | None = _setting(  # noqa: RUF009 - returns a dataclass field
        parsers.function, None,
        "A function that redacts every text after our own rules: it takes an attribute's key and the text, "
        "and returns the text to export. In the environment as `module:name`.", in_file=True,
    )  # fmt: skip
    pseudonym_key: str | None = _setting(
        parsers.secret, None,
        "Replaces account numbers by pseudonyms, the same in all services with the same key: at least 16 "
        "characters of UTF-8 that begin with neither `/` nor `~`, or `file:` and the path of a file that "
        "holds them. Without it an account number becomes `REDACTED`. Never printed.",
        in_file=True, repr=False,
    )  # fmt: skip
    prometheus_host: str = _setting(
        parsers.text, "127.0.0.1", "The address that `/metrics` listens on.",
        otel="OTEL_EXPORTER_PROMETHEUS_HOST",
    )  # fmt: skip
    prometheus_port: int = _setting(
        parsers.port, 9464, "The port that `/metrics` listens on; 0 takes a free one.",
        otel="OTEL_EXPORTER_PROMETHEUS_PORT",
    )  # fmt: skip
    log_level: str = _setting(
        parsers.one_of("debug", "info", "warning", "error", "critical"), "info",
        "The lowest level of the standard library's `logging` that is exported.", in_file=True,
    )  # fmt: skip
    json_logs: bool = _setting(
        parsers.boolean, default=True, doc="Writes each log record as a line of JSON to stdout.", in_file=True
    )
    instrument_requests: bool = _setting(
        parsers.boolean, default=True, doc="Measures and traces calls of `requests`.", in_file=True
    )
    given: frozenset[str] = frozenset()
    """The names of the settings that came as a keyword or as `OTEL_TRADING_*`."""

    def exporters_of(self, signal: str) -> tuple[str, ...]:
        """Return the names of the exporters of one of `SIGNALS`, without `none`."""
        own: tuple[str, ...] | None = getattr(self, f"{signal}_exporters")
        names = self.exporters if own is None else own
        return tuple(
            name for name in names if name != "none" and (name != "prometheus" or signal == "metrics")
        )

    def endpoint_of(self, signal: str) -> str:
        """Return the URL that one of `SIGNALS` is sent to."""
        own: str | None = getattr(self, f"{signal}_endpoint")
        if own is not None:
            return own
        return self.endpoint if self.protocol == "grpc" else f"{self.endpoint}/v1/{signal}"


SETTINGS: Final = tuple(Setting(row.name, *row.metadata[_ROW]) for row in fields(Settings) if row.metadata)
BY_NAME: Final = {setting.name: setting for setting in SETTINGS}


def settings_markdown() -> str:
    """Return the table of the reference page."""
    head = "| Setting | Environment | Default | Meaning |\n|--|--|--|--|\n"
    rows = (
        f"| `{setting.name}` | {_variables(setting)} | {_default(setting.default)} | {setting.doc} |\n"
        for setting in SETTINGS
    )
    return head + "".join(rows)


def _variables(setting: Setting) -> str:
    return "<br>".join(f"`{name}`" for name in (setting.variable, setting.otel) if name)


def _default(value: object) -> str:
    if value is None:
        return ""
    return f"`{','.join(value)}`" if isinstance(value, tuple) else f"`{str(value).lower()}`"
