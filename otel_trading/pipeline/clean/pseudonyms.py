"""Pseudonyms: accounts are told apart by names that only a key of the deployment makes of their numbers."""

from __future__ import annotations

import hmac
import re
from functools import lru_cache
from typing import Final

_ACCOUNT: Final = re.compile(r"(?:account|acct)s?_?(?:(?:ids?|numbers?|nos?|nums?)_|$)")
"""What the words of a key end in, or those before its last, each followed by an underscore."""

_OF_A_CLOUD: Final = "cloud.account.id"
"""A resource attribute of the conventions: no account that anybody trades on."""

_DIGITS: Final = 12
_MADE: Final = re.compile(rf"acct-[0-9a-f]{{{_DIGITS}}}")
_WORD: Final = re.compile(r"[A-Z0-9]+(?![a-z0-9])|[A-Z]?[a-z0-9]+")


class _Key:
    """The key of the deployment; one per process, as there is one pipeline."""

    value: bytes | None = None


def use(key: str | None) -> None:
    """Make pseudonyms with `key` from now on; None makes none."""
    _Key.value = None if key is None else key.encode()


def words_of(key: str) -> str:
    """Return the words an attribute's key is made of, in lower case, each followed by an underscore."""
    return "".join(f"{word.lower()}_" for word in _WORD.findall(key))


@lru_cache(4096)
def names_an_account(key: str) -> bool:
    """Return whether what stands under `key` is the number of an account, by the words the key is made of."""
    return key != _OF_A_CLOUD and bool(_ACCOUNT.search(words_of(key)))


def pseudonym(value: object) -> str | None:
    """Return the name that stands for an account, itself where it is one already.

    It is `acct-` and 12 hexadecimal digits of the HMAC-SHA256 of the number. Whoever has the key can find the
    number again, by trying all there are; who has not, cannot.

    Args:
        value: The account's number, as text, bytes or an int.

    Returns:
        The pseudonym, or None where there is no key, or the value is no number of an account.
    """
    if isinstance(value, str) and _MADE.fullmatch(value):
        return value
    if _Key.value is None or isinstance(value, bool) or not isinstance(value, str | bytes | int):
        return None
    given = value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")
    return f"acct-{hmac.digest(_Key.value, given, 'sha256').hex()[:_DIGITS]}"
