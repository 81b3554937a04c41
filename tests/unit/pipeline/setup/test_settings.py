"""Settings: the source of each value, and one sentence for each kind of wrong value."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_trading._entry_points import environment
from otel_trading.errors import ConfigurationError
from otel_trading.pipeline.setup.resolve import resolve
from otel_trading.pipeline.setup.settings import SETTINGS, settings_markdown


def sentence(keywords: dict[str, object] | None = None, environ: dict[str, str] | None = None) -> str:
    with pytest.raises(ConfigurationError) as caught:
        resolve(keywords or {}, environ or {})
    return str(caught.value)


def test_the_defaults() -> None:
    settings = resolve({"service_name": "risk-manager"}, {})
    assert (settings.endpoint, settings.protocol, settings.export_interval, settings.exporters) == (
        "http://localhost:4317",
        "grpc",
        5.0,
        ("otlp",),
    )


def test_a_keyword_wins_over_our_variable_and_that_over_opentelemetrys() -> None:
    environ = {"OTEL_SERVICE_NAME": "three"}
    assert resolve({}, environ).service_name == "three"
    environ["OTEL_TRADING_SERVICE_NAME"] = "two"
    assert resolve({}, environ).service_name == "two"
    assert resolve({"service_name": "one"}, environ).service_name == "one"


def test_opentelemetrys_milliseconds_become_seconds() -> None:
    environ = {"OTEL_METRIC_EXPORT_INTERVAL": "250", "OTEL_BSP_SCHEDULE_DELAY": "2000"}
    settings = resolve({}, environ)
    assert (settings.export_interval, settings.span_delay) == (0.25, 2.0)


def test_an_empty_variable_of_opentelemetry_counts_as_not_set() -> None:
    assert resolve({}, {"OTEL_EXPORTER_OTLP_ENDPOINT": ""}).endpoint == "http://localhost:4317"


def test_the_protocol_follows_the_well_known_port() -> None:
    assert resolve({"endpoint": "http://localhost:4318"}, {}).protocol == "http/protobuf"
    assert resolve({"protocol": "http/protobuf"}, {}).endpoint == "http://localhost:4318"
    assert resolve({"endpoint": "http://localhost:55680"}, {}).protocol == "grpc"


def test_each_signal_has_its_path_over_http_and_none_over_grpc() -> None:
    http = resolve({"endpoint": "http://127.0.0.1:9/prefix/", "protocol": "http/protobuf"}, {})
    assert http.endpoint_of("logs") == "http://127.0.0.1:9/prefix/v1/logs"
    assert resolve({}, {}).endpoint_of("logs") == "http://localhost:4317"


def test_the_endpoint_of_a_signal_is_used_unchanged() -> None:
    environ = {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://localhost:9/t"}
    assert resolve({}, environ).endpoint_of("traces") == "http://localhost:9/t"
    ours = resolve({"endpoint": "http://localhost:8"}, environ)
    assert ours.endpoint_of("traces") == "http://localhost:8"


def test_each_signal_can_have_its_own_exporters() -> None:
    settings = resolve({"exporters": "otlp,prometheus", "logs_exporters": ("none",)}, {})
    assert settings.exporters_of("metrics") == ("otlp", "prometheus")
    assert settings.exporters_of("traces") == ("otlp",)
    assert settings.exporters_of("logs") == ()
    assert resolve({}, {"OTEL_TRACES_EXPORTER": "console"}).exporters_of("traces") == ("console",)


def test_a_key_comes_from_the_environment_or_a_file_and_is_not_in_the_repr(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("s3cret-of-16-and-more\n")
    for variable in ("s3cret-of-16-and-more", f"file:{tmp_path / 'key'}"):
        settings = resolve({}, {"OTEL_TRADING_PSEUDONYM_KEY": variable})
        assert settings.pseudonym_key == "s3cret-of-16-and-more"
        assert "s3cret" not in repr(settings)


def test_the_file_of_a_key_may_begin_like_a_path(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("/s3cret-of-16-and-more\n")
    assert (
        resolve({"pseudonym_key": f"file:{tmp_path / 'key'}"}, {}).pseudonym_key == "/s3cret-of-16-and-more"
    )


NOT_TEXT = "must be a text, or file: and a path, but its type is {}."
A_PATH = "starts like a path: put file: before a path."


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        (Path("/run/secrets/s3cret_key"), NOT_TEXT.format(type(Path()).__name__)),
        (b"s3cret-of-16-and-more", NOT_TEXT.format("bytes")),
        ({"key": "s3cret-of-16-and-more"}, NOT_TEXT.format("dict")),
        ("/run/secrets/s3cret_key", A_PATH),
        ("~/secrets/s3cret_key", A_PATH),
        ("s3cret-of-16-and-more\udcff", "must be UTF-8."),
        ("file:/no/such/s3cret", "names a file that cannot be read: FileNotFoundError."),
    ],
)
def test_a_wrong_key_is_refused_without_being_quoted(given: object, wrong: str) -> None:
    assert sentence({"pseudonym_key": given}) == f"pseudonym_key (given as a keyword) {wrong}"


def test_no_error_in_the_chain_holds_a_key_that_is_not_utf_8(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"s3cret-of-16-and-more\xff")
    for key in ("s3cret-of-16-and-more\udcff", f"file:{tmp_path / 'key'}"):
        with pytest.raises(ConfigurationError, match="must be UTF-8") as caught:
            resolve({"pseudonym_key": key}, {})
        error: BaseException | None = caught.value
        while error is not None:
            assert "s3cret" not in repr(vars(error)) + repr(error.args) + str(getattr(error, "object", ""))
            error = error.__cause__ or error.__context__


def test_headers_are_not_in_the_repr() -> None:
    settings = resolve({"headers": "authorization=Bearer s3cret, x-scope = a"}, {})
    assert settings.headers == {"authorization": "Bearer s3cret", "x-scope": "a"}
    assert "s3cret" not in repr(settings)


@pytest.mark.parametrize(
    ("keywords", "expected"),
    [
        (
            {"endpont": "x"},
            "configure() has no setting 'endpont', which otel_trading does not know. "
            "Did you mean 'endpoint'?",
        ),
        (
            {"endpoint": "localhost:4317"},
            "endpoint (given as a keyword) is 'localhost:4317' but must be a URL such as "
            "http://localhost:4317, with the scheme http or https.",
        ),
        (
            {"endpoint": "ftp://localhost"},
            "endpoint (given as a keyword) is 'ftp://localhost' but must be a URL such as "
            "http://localhost:4317, with the scheme http or https.",
        ),
        (
            {"endpoint": "http://[::1"},
            "endpoint (given as a keyword) is 'http://[::1' but must be a URL such as "
            "http://localhost:4317, with the scheme http or https.",
        ),
        (
            {"endpoint": "http://localhost:99999"},
            "endpoint (given as a keyword) is 'http://localhost:99999' but must be a URL with a port "
            "from 1 to 65535.",
        ),
        (
            {"endpoint": "http://localhost:0"},
            "endpoint (given as a keyword) is 'http://localhost:0' but must be a URL with a port "
            "from 1 to 65535.",
        ),
        (
            {"endpoint": "https://me:s3cret@collector"},
            "endpoint (given as a keyword) holds a user name or a password, which belong in the setting "
            "headers, not in a URL.",
        ),
        (
            {"endpoint": "http://collector:4317"},
            "endpoint is 'http://collector:4317', which would send telemetry unencrypted to another "
            "machine: use https, or set insecure to true.",
        ),
        (
            {"endpoint": "http://localhost:4317", "protocol": "http/protobuf"},
            "endpoint is 'http://localhost:4317', whose port is that of grpc, but protocol is 'http/protobuf': "
            "set protocol to 'grpc', or use the port of http/protobuf.",
        ),
        (
            {"endpoint": "http://127.0.0.1:4318", "protocol": "grpc"},
            "endpoint is 'http://127.0.0.1:4318', whose port is that of http/protobuf, but protocol is 'grpc': "
            "set protocol to 'http/protobuf', or use the port of grpc.",
        ),
        (
            {"protocol": "gprc"},
            "protocol (given as a keyword) is 'gprc' but must be one of grpc, http/protobuf. "
            "Did you mean 'grpc'?",
        ),
        (
            {"exporters": ["otlp", "promethius"]},
            "exporters (given as a keyword) is 'promethius' but must be one of otlp, prometheus, console, "
            "none. Did you mean 'prometheus'?",
        ),
        (
            {"exporters": 7},
            "exporters (given as a keyword) is 7 but must be some of otlp, prometheus, console, none.",
        ),
        (
            {"log_level": "debugg"},
            "log_level (given as a keyword) is 'debugg' but must be one of debug, info, warning, error, "
            "critical. Did you mean 'debug'?",
        ),
        (
            {"export_interval": -1},
            "export_interval (given as a keyword) is -1 but must be a number of seconds above 0 and at "
            "most 86400.",
        ),
        (
            {"sample_ratio": 1.5},
            "sample_ratio (given as a keyword) is 1.5 but must be a number from 0 to 1.",
        ),
        (
            {"prometheus_port": 70000},
            "prometheus_port (given as a keyword) is 70000 but must be a port from 0 to 65535, "
            "0 for a free one.",
        ),
        (
            {"service_name": "  "},
            "service_name (given as a keyword) is '  ' but must be a text that is not empty.",
        ),
        ({"json_logs": "maybe"}, "json_logs (given as a keyword) is 'maybe' but must be true or false."),
        (
            {"pseudonym_key": "s3cret"},
            "pseudonym_key (given as a keyword) must be a text of at least 16 characters, or file: and the path "
            "of one.",
        ),
        (
            {"pseudonym_key": "file:/no/such/file"},
            "pseudonym_key (given as a keyword) names a file that cannot be read: FileNotFoundError.",
        ),
        (
            {"headers": "authorization: s3cret"},
            "headers (given as a keyword) must be a text of the form key=value,key=value.",
        ),
        (
            {"resource_attributes": 3},
            "resource_attributes (given as a keyword) must be a mapping, or a text of the form "
            "key=value,key=value.",
        ),
        (
            {"span_queue_size": 10, "span_batch_size": 20},
            "span_batch_size is 20 but must be at most span_queue_size, which is 10.",
        ),
    ],
)
def test_a_wrong_keyword_is_one_sentence(keywords: dict[str, object], expected: str) -> None:
    assert sentence(keywords) == expected


@pytest.mark.parametrize("variable", ["OTEL_TRADING_BUILD", "OTEL_TRADING_PURE_PYTHON"])
def test_the_variables_of_the_build_are_accepted(variable: str) -> None:
    assert resolve({"service_name": "s"}, {variable: "1"}).service_name == "s"


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        (
            {"OTEL_TRADING_ENPOINT": "http://localhost:4317"},
            "otel_trading has no environment variable OTEL_TRADING_ENPOINT. "
            "Did you mean 'OTEL_TRADING_ENDPOINT'?",
        ),
        (
            {"OTEL_TRADING_SERVICE_NAME": ""},
            "service_name (given as OTEL_TRADING_SERVICE_NAME) is '' but must be a text that is not empty.",
        ),
        (
            {"OTEL_METRIC_EXPORT_INTERVAL": "soon"},
            "export_interval (given as OTEL_METRIC_EXPORT_INTERVAL) is 'soon' but must be a number of "
            "milliseconds above 0.",
        ),
        (
            {"OTEL_METRIC_EXPORT_INTERVAL": "-5"},
            "export_interval (given as OTEL_METRIC_EXPORT_INTERVAL) is '-5' but must be a number of "
            "milliseconds above 0.",
        ),
        (
            {"OTEL_TRACES_EXPORTER": "zipkin"},
            "traces_exporters (given as OTEL_TRACES_EXPORTER) is 'zipkin' but must be one of otlp, console, "
            "none.",
        ),
    ],
)
def test_a_wrong_variable_is_one_sentence(environ: dict[str, str], expected: str) -> None:
    assert sentence(environ=environ) == expected


@given(st.one_of(st.floats(max_value=0), st.just(float("nan")), st.just(float("inf")), st.booleans()))
def test_only_a_positive_number_is_accepted_as_an_interval(value: float) -> None:
    assert sentence({"export_interval": value}).startswith("export_interval (given as a keyword) is ")


@given(st.text())
def test_any_text_is_accepted_as_an_endpoint_or_refused_in_one_sentence(text: str) -> None:
    try:
        settings = resolve({"endpoint": text}, {})
    except ConfigurationError as error:
        assert str(error).startswith("endpoint ")  # noqa: PT017 - either outcome is right
    else:
        assert settings.endpoint.startswith(("http://", "https://"))


def test_plain_http_to_another_machine_needs_insecure() -> None:
    assert resolve({"endpoint": "http://collector:4317", "insecure": True}, {}).insecure is True
    assert resolve({"endpoint": "https://collector:4317"}, {}).insecure is False
    assert resolve({"endpoint": "http://[::1]:4317"}, {}).endpoint == "http://[::1]:4317"
    assert resolve({"endpoint": "http://a.localhost:4317"}, {}).endpoint == "http://a.localhost:4317"


def test_a_configuration_file_replaces_opentelemetrys_variables_but_not_ours() -> None:
    environ = {"OTEL_SERVICE_NAME": "theirs", "OTEL_TRADING_LOG_LEVEL": "error"}
    settings = resolve({}, environ, {"json_logs": False, "log_level": "debug"})
    assert (settings.service_name, settings.json_logs, settings.log_level) == (None, False, "error")


def test_a_setting_in_the_file_is_checked_like_any_other() -> None:
    with pytest.raises(ConfigurationError) as caught:
        resolve({}, {}, {"jsonlogs": True})
    assert str(caught.value) == (
        "The configuration file sets 'jsonlogs', which otel_trading does not know. Did you mean 'json_logs'?"
    )


def test_every_setting_has_a_flag_of_opentelemetry_instrument() -> None:
    public = {name: value for name, value in vars(environment).items() if name.isupper()}
    assert public == {setting.variable: setting.variable for setting in SETTINGS}


def test_the_table_reads_as_markdown() -> None:
    lines = settings_markdown().splitlines()
    assert len(lines) == 2 + len(SETTINGS)
    assert lines[2] == (
        "| `service_name` | `OTEL_TRADING_SERVICE_NAME`<br>`OTEL_SERVICE_NAME` |  | "
        "The name of the service; the only setting without a default. |"
    )
    assert "| `exporters` | `OTEL_TRADING_EXPORTERS` | `otlp` |" in settings_markdown()
