"""The assembly: finds or builds the providers, and attaches to them everything that records."""

from __future__ import annotations

import logging
from contextlib import ExitStack
from typing import TYPE_CHECKING

from otel_trading import logs, recording, tracing
from otel_trading.pipeline.clean import pseudonyms, redact
from otel_trading.pipeline.deliver import self_metrics
from otel_trading.pipeline.deliver.deadline import after
from otel_trading.pipeline.setup import config_file
from otel_trading.pipeline.setup.providers import FILE, FOREIGN, NONE, Providers, set_by_others
from otel_trading.pipeline.setup.requests import instrument_requests
from otel_trading.pipeline.setup.resource import attributes_of, build_resource
from otel_trading.pipeline.setup.settings import BY_NAME, SIGNALS, Settings

if TYPE_CHECKING:
    from opentelemetry.configuration import OpenTelemetryConfiguration

_log = logging.getLogger("otel_trading")


def redact_by(settings: Settings, undo: ExitStack) -> None:
    """Have everything redacted as the settings say, the resource included, which is built next."""
    redact.extend(settings.redactor)
    undo.callback(redact.extend, None)
    pseudonyms.use(settings.pseudonym_key)
    undo.callback(pseudonyms.use, None)


def find() -> Providers:
    """Return the providers that another library has set, if any."""
    found = Providers()
    for signal in SIGNALS:
        provider = set_by_others(signal)
        if provider is not None:
            found.adopt(signal, provider, FOREIGN)
    return found


def find_or_build(settings: Settings, config: OpenTelemetryConfiguration | None, version: str) -> Providers:
    """Return what the rooms attach to: another library's providers, those of the file, or our own.

    Raises:
        ConfigurationError: The file cannot be put into force, the service has no name, a port is taken.
    """
    providers = find()
    if providers.by_signal:
        _log.warning(
            "otel_trading: the providers that another library has set are used for %s; "
            "its exporters export them",
            ", ".join(providers.by_signal),
        )
    missing = [signal for signal in SIGNALS if signal not in providers.by_signal]
    if config is not None:
        _name_ignored(settings)
        if not providers.by_signal:
            config_file.apply(config, attributes_of(settings, version, config_file.resource_in(config)))
        for signal in missing:
            provider = set_by_others(signal)
            if provider is None:
                providers.owners[signal] = NONE
            else:
                providers.adopt(signal, provider, FILE)
    elif missing:
        _build(providers, missing, settings, version)
    return providers


def attach(providers: Providers, version: str, undo: ExitStack, *, defer: bool = False) -> None:
    """Attach the rooms that record to the providers, until `undo` is closed.

    Args:
        providers: What they record to.
        version: The version of this package.
        undo: Takes everything back.
        defer: The setting `defer_span_ends`.
    """
    tracer, meter, logger = (providers.by_signal.get(signal) for signal in SIGNALS)
    if tracer is not None:
        tracing.attach(tracer, version, logger, defer=defer)
        undo.callback(tracing.detach)
    if logger is not None:
        logs.attach(logger, version)
        undo.callback(logs.detach)
    if meter is not None:
        recording.attach(meter, version)
        undo.callback(recording.detach)
        self_metrics.observe(providers.routes, meter, version)


def take_in(providers: Providers, settings: Settings, undo: ExitStack) -> None:
    """Take in what others emit: the standard library's log records, and calls of `requests`."""
    if providers.by_signal.get("logs") is not None:
        if settings.json_logs:
            providers.write_json()
        _take_in_logging(settings.log_level, undo)
    tracer, meter = providers.by_signal.get("traces"), providers.by_signal.get("metrics")
    if settings.instrument_requests and tracer is not None and meter is not None:
        undo.callback(instrument_requests(tracer, meter))


def _name_ignored(settings: Settings) -> None:
    """Say which of the given settings the configuration file overrules."""
    ignored = sorted(name for name in settings.given if not BY_NAME[name].in_file)
    if ignored:
        _log.warning(
            "otel_trading: OTEL_CONFIG_FILE describes the providers, so that %s %s no effect",
            ", ".join(ignored),
            "has" if len(ignored) == 1 else "have",
        )


def _build(providers: Providers, missing: list[str], settings: Settings, version: str) -> None:
    resource = build_resource(settings, version)
    try:
        for signal in sorted(missing, reverse=True, key="metrics".__eq__):  # a busy port comes to light first
            providers.build(signal, settings, resource)
    except BaseException:
        providers.close(after(0))
        raise
    for signal in missing:
        providers.make_global(signal)


def _take_in_logging(level: str, undo: ExitStack) -> None:
    root = logging.getLogger()
    if any(type(handler).__module__.startswith("opentelemetry.") for handler in root.handlers):
        return  # OpenTelemetry's own handler takes the records in already
    handler = logs.StdlibHandler()
    undo.callback(root.setLevel, root.level)
    undo.callback(root.removeHandler, handler)
    root.setLevel(level.upper())
    root.addHandler(handler)
