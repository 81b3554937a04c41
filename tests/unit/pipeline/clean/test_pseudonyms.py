"""Pseudonyms: an account's number is exported as a pseudonym under the deployment's key, or not at all."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from otel_trading.pipeline.clean import pseudonyms
from otel_trading.pipeline.clean.metrics_data import each_metric
from otel_trading.pipeline.clean.pseudonyms import names_an_account, pseudonym
from otel_trading.pipeline.clean.redact import REDACTED, redact_metrics, redact_value

KEY = "the key of a deployment"
NAME = f"acct-{hmac.new(KEY.encode(), b'7012345', hashlib.sha256).hexdigest()[:12]}"


@pytest.fixture
def _keyed() -> Iterator[None]:
    pseudonyms.use(KEY)
    yield
    pseudonyms.use(None)


@pytest.mark.parametrize(
    ("key", "is_one"),
    [
        ("trading.account.id", True),
        ("account_id", True),
        ("accountId", True),
        ("ACCOUNT_NUMBER", True),
        ("broker.account-no", True),
        ("account", True),
        ("alpaca.account", True),
        ("acct", True),
        ("acct_id", True),
        ("acctNumber", True),
        ("accountid", True),
        ("ACCOUNTID", True),
        ("accounts", True),
        ("account.ids", True),
        ("account_numbers", True),
        ("trading.accounts.id", True),
        ("account_num", True),
        ("subaccount.id", True),
        ("ACCOUNTNumber", True),
        ("IBAccount", True),
        ("cloud.account.id", False),
        ("account_notes", False),
        ("accountant", False),
        ("", False),
        ("trading.account.name", False),
        ("account_type", False),
        ("accounting.id", False),
        ("trading.order.id", False),
    ],
)
def test_a_key_names_an_account_by_its_words(key: str, *, is_one: bool) -> None:
    assert names_an_account(key) == is_one


@pytest.mark.usefixtures("_keyed")
@pytest.mark.parametrize("number", ["7012345", 7012345, b"7012345", NAME])
def test_an_account_has_one_pseudonym_for_every_type_of_its_number(number: object) -> None:
    given = {"order": {"account_id": number}, "n": 1}
    assert redact_value(given) == {"order": {"account_id": NAME}, "n": 1}


@pytest.mark.parametrize(
    "number", ["7012345", 7012345, b"7012345", ["7012345"], {"id": "7012345"}, 7.5, True]
)
def test_without_a_key_a_number_is_replaced(number: object) -> None:
    assert redact_value({"account_id": number}) == {"account_id": REDACTED}


@pytest.mark.usefixtures("_keyed")
@pytest.mark.parametrize("given", [["7012345"], {"id": "7012345"}, 7.5, True])
def test_a_value_that_is_not_a_number_of_an_account_is_replaced(given: object) -> None:
    assert redact_value({"account": given}) == {"account": REDACTED}


@pytest.mark.usefixtures("_keyed")
def test_an_account_number_in_a_label_of_a_metric_is_replaced() -> None:
    reader = InMemoryMetricReader()
    meters = MeterProvider([reader], shutdown_on_exit=False)
    meters.get_meter("m").create_counter("c").add(1, {"account_id": "7012345"})
    data = reader.get_metrics_data()
    assert data is not None
    points = [
        point for _, _, metric in each_metric(redact_metrics(data)) for point in metric.data.data_points
    ]
    assert [point.attributes for point in points] == [{"account_id": REDACTED}]


@given(st.text(), st.text())
def test_another_key_makes_another_pseudonym_and_a_pseudonym_stays(number: str, other: str) -> None:
    names = []
    for key in (KEY, KEY + other + "!"):
        pseudonyms.use(key)
        names.append(pseudonym(number))
        assert pseudonym(names[-1]) == names[-1]
    pseudonyms.use(None)
    assert names[0] != names[1]
