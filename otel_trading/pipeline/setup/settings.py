"""The settings: one table says how each is called, read, checked and documented."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from otel_trading.errors import ConfigurationError, nearest
from otel_trading.pipeline.setup import parsers

PREFIX: Final = "OTEL_TRADING_"
PROTOCOLS: Final = ("grpc", "http/protobuf")
SIGNALS: Final = ("traces", "metrics", "logs")

_WELL_KNOWN_PORTS: Final = {4317: "grpc", 4318: "http/protobuf"}
_A_DAY: Final = 86_400.0


class Setting(NamedTuple):
    """One row of the table.

    Attributes:
        name: The keyword of `configure`; the variable is `OTEL_TRADING_` and this in capitals.
        parse: Turns what was given into the typed value.
        default: The value where nothing was given.
        otel: OpenTelemetry's own variable for it.
        doc: One sentence for the reference page.
        scale: What a value of `otel` is multiplied with: it counts milliseconds where we count seconds.
        general: The setting this one refines for one signal; where that is given as ours, `otel` is not read.
        in_file: Whether it still applies where `OTEL_CONFIG_FILE` describes the pipeline.
    """

    name: str
    parse: parsers.Parser
    default: Any
    otel: str | None
    doc: str
    scale: float = 1.0
    general: str | None = None
    in_file: bool = False

    @property
    def variable(self) -> str:
        """Our own environment variable."""
        return PREFIX + self.name.upper()


_TRACE_EXPORTERS = parsers.some_of("otlp", "console", "none")
_METRIC_EXPORTERS = parsers.some_of("otlp", "prometheus", "console", "none")
_OTLP = "OTEL_EXPORTER_OTLP_"

SETTINGS: Final = (
    Setting("service_name", parsers.text, None, "OTEL_SERVICE_NAME",
            "What the service is called; the one setting without a default.", in_file=True),
    Setting("service_namespace", parsers.text, None, None,
            "What groups services of one system, as `service.namespace`.", in_file=True),
    Setting("service_version", parsers.text, None, None,
            "The version of the service, as `service.version`.", in_file=True),
    Setting("environment", parsers.text, None, None,
            "Where it trades, such as `paper` or `live`, as `deployment.environment.name`.", in_file=True),
    Setting("instance_id", parsers.text, None, None,
            "Tells replicas on one host apart, as `service.instance.id`; by default a UUIDv5 of host and "
            "service, which a restart keeps. A child that is forked from a process with telemetry, or that "
            "`multiprocessing` started, appends its process id.", in_file=True),
    Setting("resource_attributes", parsers.mapping, None, None,
            "More attributes of the resource; `OTEL_RESOURCE_ATTRIBUTES` is read beside it.", in_file=True),
    Setting("exporters", _METRIC_EXPORTERS, ("otlp",), None,
            "Where everything goes: some of `otlp`, `prometheus` (metrics only), `console`, `none`."),
    Setting("traces_exporters", _TRACE_EXPORTERS, None, "OTEL_TRACES_EXPORTER",
            "Where traces go, if elsewhere.", general="exporters"),
    Setting("metrics_exporters", _METRIC_EXPORTERS, None, "OTEL_METRICS_EXPORTER",
            "Where metrics go, if elsewhere.", general="exporters"),
    Setting("logs_exporters", _TRACE_EXPORTERS, None, "OTEL_LOGS_EXPORTER",
            "Where logs go, if elsewhere.", general="exporters"),
    Setting("protocol", parsers.one_of(*PROTOCOLS), None, _OTLP + "PROTOCOL",
            "How OTLP is spoken: `grpc` or `http/protobuf`; by default `grpc`, but to port 4318 "
            "`http/protobuf`."),
    Setting("endpoint", parsers.url, None, _OTLP + "ENDPOINT",
            "Where OTLP goes; by default port 4317 (gRPC) or 4318 (HTTP) of this machine."),
    Setting("traces_endpoint", parsers.url, None, _OTLP + "TRACES_ENDPOINT",
            "Where traces go, if elsewhere: the whole URL, with the path.", general="endpoint"),
    Setting("metrics_endpoint", parsers.url, None, _OTLP + "METRICS_ENDPOINT",
            "Where metrics go, if elsewhere: the whole URL, with the path.", general="endpoint"),
    Setting("logs_endpoint", parsers.url, None, _OTLP + "LOGS_ENDPOINT",
            "Where logs go, if elsewhere: the whole URL, with the path.", general="endpoint"),
    Setting("headers", parsers.mapping, None, None,
            "Sent with every OTLP request, for credentials; without it the exporter reads "
            "`OTEL_EXPORTER_OTLP_HEADERS`. Never printed."),
    Setting("insecure", parsers.boolean, default=False, otel=_OTLP + "INSECURE",
            doc="Allows plain http to another machine."),
    Setting("export_interval", parsers.seconds(_A_DAY), 5.0, "OTEL_METRIC_EXPORT_INTERVAL",
            "Seconds between two exports of metrics (OpenTelemetry's variable: milliseconds).", scale=0.001),
    Setting("export_timeout", parsers.seconds(300), 10.0, _OTLP + "TIMEOUT",
            "Seconds one export may take, its retries included."),
    Setting("temporality", parsers.one_of("cumulative", "delta", "lowmemory"), "cumulative",
            _OTLP + "METRICS_TEMPORALITY_PREFERENCE",
            "What an exported sum counts from: the start, the last export, or `lowmemory`."),
    Setting("sample_ratio", parsers.ratio, None, None,
            "The share of new traces that is kept; by default what `OTEL_TRACES_SAMPLER` says, else all."),
    Setting("span_queue_size", parsers.count, 8192, "OTEL_BSP_MAX_QUEUE_SIZE",
            "How many ended spans wait for their export, per exporter; the oldest give way, counted."),
    Setting("span_batch_size", parsers.count, 512, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
            "How many spans go in one request."),
    Setting("span_delay", parsers.seconds(_A_DAY), 1.0, "OTEL_BSP_SCHEDULE_DELAY",
            "Seconds a span waits for others (OpenTelemetry's variable: milliseconds).", scale=0.001),
    Setting("defer_span_ends", parsers.boolean, default=False, otel=None,
            doc="Hands ended spans to their processors on a thread of its own: traced calls return sooner, "
            "and what ended within 50 ms of a process being killed is lost.", in_file=True),
    Setting("log_queue_size", parsers.count, 8192, "OTEL_BLRP_MAX_QUEUE_SIZE",
            "How many log records wait for their export, per exporter; the oldest give way, counted."),
    Setting("log_batch_size", parsers.count, 512, "OTEL_BLRP_MAX_EXPORT_BATCH_SIZE",
            "How many log records go in one request."),
    Setting("log_delay", parsers.seconds(_A_DAY), 1.0, "OTEL_BLRP_SCHEDULE_DELAY",
            "Seconds a log record waits for others (OpenTelemetry's variable: milliseconds).", scale=0.001),
    Setting("queue_bytes", parsers.byte_count, 16 * 1024 * 1024, None,
            "About how many bytes wait for their export, per signal and exporter; the oldest give way."),
    Setting("journal", parsers.text, None, None,
            "A directory of this process alone, where audit events (orders, fills, rejections, limit "
            "breaches, the kill switch) are written before the call that told them returns."),
    Setting("journal_fsync", parsers.one_of("always", "interval", "off"), "interval", None,
            "When a line of the journal is forced to the disk: before the call returns, within a second, or "
            "when the operating system likes. A killed process loses nothing either way."),
    Setting("journal_bytes", parsers.byte_count, 256 * 1024 * 1024, None,
            "About how many bytes the journal holds at most; the oldest go."),
    Setting("redactor", parsers.function, None, None,
            "A function that every text passes too, after our own redaction: it takes an attribute's key and "
            "the text, and returns what may leave. In the environment as `module:name`.", in_file=True),
    Setting("pseudonym_key", parsers.secret, None, None,
            "Makes pseudonyms of account numbers, alike in all services that have the same key: at least 16 "
            "characters of UTF-8 that begin with neither `/` nor `~`, or `file:` and the path of a file that "
            "holds them. Without it an account number becomes `REDACTED`. Never printed.", in_file=True),
    Setting("prometheus_host", parsers.text, "127.0.0.1", "OTEL_EXPORTER_PROMETHEUS_HOST",
            "The address `/metrics` listens on."),
    Setting("prometheus_port", parsers.port, 9464, "OTEL_EXPORTER_PROMETHEUS_PORT",
            "The port `/metrics` listens on; 0 takes a free one."),
    Setting("log_level", parsers.one_of("debug", "info", "warning", "error", "critical"), "info", None,
            "From which level on the standard library's `logging` is taken in.", in_file=True),
    Setting("json_logs", parsers.boolean, default=True, otel=None,
            doc="Writes each log record as a line of JSON to stdout.", in_file=True),
    Setting("instrument_requests", parsers.boolean, default=True, otel=None,
            doc="Has calls of `requests` measured and traced.", in_file=True),
)  # fmt: skip

BY_NAME: Final = {setting.name: setting for setting in SETTINGS}
_READ_ELSEWHERE: Final = ("OTEL_TRADING_BUILD", "OTEL_TRADING_PURE_PYTHON")
"""No settings: the build reads the one, and `recording.form` the other before anything is configured."""

_VARIABLES: Final = frozenset((*(setting.variable for setting in SETTINGS), *_READ_ELSEWHERE))


@dataclass(frozen=True)
class Settings:
    """The settings in force, each checked; the fields are the rows of `SETTINGS`."""

    service_name: str | None
    service_namespace: str | None
    service_version: str | None
    environment: str | None
    instance_id: str | None
    resource_attributes: dict[str, str] | None
    exporters: tuple[str, ...]
    traces_exporters: tuple[str, ...] | None
    metrics_exporters: tuple[str, ...] | None
    logs_exporters: tuple[str, ...] | None
    protocol: str
    endpoint: str
    traces_endpoint: str | None
    metrics_endpoint: str | None
    logs_endpoint: str | None
    headers: dict[str, str] | None = field(repr=False)
    insecure: bool
    export_interval: float
    export_timeout: float
    temporality: str
    sample_ratio: float | None
    span_queue_size: int
    span_batch_size: int
    span_delay: float
    defer_span_ends: bool
    log_queue_size: int
    log_batch_size: int
    log_delay: float
    queue_bytes: int
    journal: str | None
    journal_fsync: str
    journal_bytes: int
    redactor: Callable[[str, str], str] | None
    pseudonym_key: str | None = field(repr=False)
    prometheus_host: str
    prometheus_port: int
    log_level: str
    json_logs: bool
    instrument_requests: bool
    given: frozenset[str]
    """Which of them came as a keyword or as `OTEL_TRADING_*`."""

    def exporters_of(self, signal: str) -> tuple[str, ...]:
        """Return where one of `SIGNALS` goes, without `none`."""
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


def resolve(
    keywords: Mapping[str, object], environ: Mapping[str, str], in_file: Mapping[str, object] | None = None
) -> Settings:
    """Put the settings together: keyword, else `OTEL_TRADING_*`, else `OTEL_*`, else default.

    Args:
        keywords: What `configure` was called with; None counts as not given.
        environ: The environment.
        in_file: The settings of a configuration file, which replaces every `OTEL_*`, or None without one.

    Raises:
        ConfigurationError: One sentence that names the setting, what was given where, and what is allowed.
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
        elif setting.otel and environ.get(setting.otel) and setting.general not in ours:
            value, source = environ[setting.otel], f"given as {setting.otel}"
        found[setting.name] = setting.default if value is None else _parse(setting, value, source)
    _complete(found)
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
    for names, what in ((keywords, "configure() has no setting"), (in_file, "The configuration file sets")):
        for name in names:
            if name not in BY_NAME:
                hint = nearest(name, BY_NAME)
                raise ConfigurationError(f"{what} {name!r}, which otel_trading does not know.{hint}")
    for name in environ:
        if name.startswith(PREFIX) and name not in _VARIABLES:
            hint = nearest(name, _VARIABLES)
            raise ConfigurationError(f"The environment variable {name} is none of otel_trading's.{hint}")


def _complete(found: dict[str, Any]) -> None:
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
    spoken = _WELL_KNOWN_PORTS.get(parts.port or 0, protocol)
    if spoken != protocol:
        raise ConfigurationError(
            f"{name} is {endpoint!r}, where {spoken} is spoken, but protocol is {protocol!r}: "
            f"set protocol to {spoken!r}, or use the port of {protocol}."
        )
    if parts.scheme == "http" and not insecure and not _is_loopback(parts.hostname or ""):
        raise ConfigurationError(
            f"{name} is {endpoint!r}, which would carry telemetry unencrypted to another machine: "
            "use https, or set insecure to true."
        )


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def settings_markdown() -> str:
    """Render the table as the reference page has it."""
    head = "| Setting | Environment | Default | What it says |\n|--|--|--|--|\n"
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
