"""The Collector and the SDK redact the same keys."""

from __future__ import annotations

import re

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from collector.stack.programs import CONFIG
from otel_trading.pipeline.clean.pseudonyms import names_an_account
from otel_trading.pipeline.clean.redact import names_a_secret

REDACTION = yaml.safe_load((CONFIG / "otelcol.yaml").read_text())["processors"]["redaction"]
BLOCKED = [re.compile(pattern) for pattern in REDACTION["blocked_key_patterns"]]
SECRET = ["authorization", "cookie", "credential", "credentials", "jwt", "passphrase", "passwd", "password",
          "secret", "token", "apikey", "api key", "private key", "access key", "key id", "url query", "client secret",
          "auth token", "authtoken"]  # fmt: skip
ACCOUNT = ["account", "accounts", "acct", "subaccount", "account id", "account ids", "account no", "account num",
           "account number", "account numbers", "acct id", "acct no", "sub account id", "accountid"]  # fmt: skip
OTHER = ["trading", "broker", "x", "order", "name", "type", "notes", "author", "authorized", "tokenized", "tokens",
         "secretary", "session", "rookie", "broken", "discount", "accountant", "accounting", "key", "id", "no", "v2",
         "url", "success", "spi"]  # fmt: skip
JOINED = {
    "dots": ".".join,
    "underscores": "_".join,
    "dashes": "-".join,
    "capitals": lambda words: "_".join(words).upper(),
    "camels": lambda words: words[0] + "".join(map(str.capitalize, words[1:])),
    "header": lambda words: "-".join(map(str.capitalize, words)),
}


def passes_the_collector(key: str) -> bool:
    return key in REDACTION["ignored_keys"] or not any(pattern.search(key) for pattern in BLOCKED)


def passes_the_sdk(key: str) -> bool:
    return not names_a_secret(key) and not names_an_account(key)


@given(
    words=st.lists(st.sampled_from(SECRET + ACCOUNT + OTHER), min_size=1, max_size=4).map(
        lambda found: " ".join(found).split()
    ),
    joined=st.sampled_from([*JOINED]),
)
@example(words=["cloud", "account", "id"], joined="dots")
@example(words=["broken"], joined="dots")
def test_both_lines_judge_a_key_alike(words: list[str], joined: str) -> None:
    key = JOINED[joined](words)
    assert passes_the_collector(key) == passes_the_sdk(key), key


@pytest.mark.fault(72)
@pytest.mark.parametrize("joined", JOINED)
@pytest.mark.parametrize("words", SECRET + ACCOUNT)
def test_both_lines_of_defence_redact_a_secret_or_an_account(words: str, joined: str) -> None:
    for key in (JOINED[joined](["broker", *words.split()]), JOINED[joined](words.split())):
        assert not passes_the_collector(key), key
        assert not passes_the_sdk(key), key


@pytest.mark.fault(73)
@pytest.mark.parametrize("joined", JOINED)
@pytest.mark.parametrize("word", OTHER)
def test_both_lines_of_defence_pass_a_value_that_only_looks_like_a_secret(word: str, joined: str) -> None:
    key = JOINED[joined](["desk", word])
    assert passes_the_collector(key), key
    assert passes_the_sdk(key), key


@pytest.mark.fault(73)
@pytest.mark.parametrize(
    "key", ["cloud.account.id", "accountType", "trading.account.name", "trading.session.key"]
)
def test_both_lines_of_defence_pass_an_attribute_of_the_conventions_and_the_name_of_an_account(
    key: str,
) -> None:
    assert passes_the_collector(key)
    assert passes_the_sdk(key)
