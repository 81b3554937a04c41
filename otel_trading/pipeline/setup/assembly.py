"""Assembly: decide which providers are used, and attach everything that records to them.

`configure` calls these functions from top to bottom. Each registers on `undo` the calls that revert its
changes to the process; `shutdown` closes `undo`.
"""

from __future__ import annotations

import logging
from contextlib import ExitStack
from typing import TYPE_CHECKING

from otel_trading import logs, recording, tracing
from otel_trading.pipeline.clean import pseudonyms, redact
from otel_trading.pipeline.deliver import self_metrics
from otel_trading.pipeline.setup import config_file, global_providers
from otel_trading.pipeline.setup.builder import Builder, write_json_lines
from otel_trading.pipeline.setup.providers import FILE, FOREIGN, NONE, Providers
from otel_trading.pipeline.setup.requests import instrument_requests
from otel_trading.pipeline.setup.resource import attributes_of, build_resource
from otel_trading.pipeline.setup.settings import BY_NAME, SIGNALS, Settings

if TYPE_CHECKING:
    from opentelemetry.configuration import OpenTelemetryConfiguration

_log = logging.getLogger("otel_trading")


def set_redaction(settings: Settings, undo: ExitStack) -> None:
    """Apply the settings of redaction; call it first, since the resource is redacted too."""
    redact.extend(settings.redactor)
    undo.callback(redact.extend, None)
    pseudonyms.use(settings.pseudonym_key)
    undo.callback(pseudonyms.use, None)


def find_foreign() -> Providers:
    """Return the providers that another library has set, if any."""
    found = Providers()
    for signal in SIGNALS:
        provider = global_providers.set_by_others(signal)
        if provider is not None:
            found.add(signal, provider, FOREIGN)
    return found


def find_or_build(settings: Settings, config: OpenTelemetryConfiguration | None, version: str) -> Providers:
    """Return another library's providers, and for the other signals those of the file, or else our own.

    Args:
        settings: The settings in force.
        config: The configuration file, if there is one.
        version: The version of this package.

    Raises:
        ConfigurationError: The file cannot be applied, the service has no name, or a port is taken.
    """
    providers = find_foreign()
    if providers.by_signal:
        _log.warning(
            "otel_trading: another library has set the providers of %s; they are used, and its exporters "
            "export the telemetry",
            ", ".join(providers.by_signal),
        )
    if config is not None:
        _add_from_file(providers, config, settings, version)
    elif len(providers.by_signal) < len(SIGNALS):
        _build_missing(providers, settings, version)
    return providers


def attach(providers: Providers, version: str, undo: ExitStack, *, defer: bool = False) -> None:
    """Attach `tracing`, `logs` and `recording` to the providers, until `undo` is closed.

    Args:
        providers: The providers that they record to.
        version: The version of this package.
        undo: Detaches them.
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


def capture_others(providers: Providers, settings: Settings, undo: ExitStack) -> None:
    """Capture log records of the standard library, and calls of `requests`, until `undo` is closed."""
    tracer, meter, logger = (providers.by_signal.get(signal) for signal in SIGNALS)
    if logger is not None:
        if settings.json_logs:
            write_json_lines(providers)
        _capture_logging(settings.log_level, undo)
    if settings.instrument_requests and tracer is not None and meter is not None:
        undo.callback(instrument_requests(tracer, meter))


def _add_from_file(
    providers: Providers, config: OpenTelemetryConfiguration, settings: Settings, version: str
) -> None:
    _warn_of_ignored(settings)
    missing = [signal for signal in SIGNALS if signal not in providers.by_signal]
    if len(missing) == len(SIGNALS):  # the file sets all three, and each can be set only once
        config_file.apply(config, attributes_of(settings, version, config_file.resource_in(config)))
    for signal in missing:
        provider = global_providers.set_by_others(signal)
        if provider is None:
            providers.owners[signal] = NONE
        else:
            providers.add(signal, provider, FILE)


def _warn_of_ignored(settings: Settings) -> None:
    ignored = sorted(name for name in settings.given if not BY_NAME[name].in_file)
    if ignored:
        _log.warning(
            "otel_trading: OTEL_CONFIG_FILE describes the providers, so that %s %s no effect",
            ", ".join(ignored),
            "has" if len(ignored) == 1 else "have",
        )


def _build_missing(providers: Providers, settings: Settings, version: str) -> None:
    missing = [signal for signal in SIGNALS if signal not in providers.by_signal]
    builder = Builder(providers, settings, build_resource(settings, version))
    try:
        # Metrics first: a busy port of `/metrics` must fail before threads and files of other signals exist.
        for signal in sorted(missing, reverse=True, key="metrics".__eq__):
            builder.build(signal)
    except BaseException:
        providers.close(0.0)
        raise
    for signal in missing:
        global_providers.publish(signal, providers.by_signal[signal])


def _capture_logging(level: str, undo: ExitStack) -> None:
    root = logging.getLogger()
    if any(type(handler).__module__.startswith("opentelemetry.") for handler in root.handlers):
        return  # OpenTelemetry's own handler exports the records already
    handler = logs.StdlibHandler()
    undo.callback(root.setLevel, root.level)
    undo.callback(root.removeHandler, handler)
    root.setLevel(level.upper())
    root.addHandler(handler)
