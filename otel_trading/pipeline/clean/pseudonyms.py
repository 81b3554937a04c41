"""Pseudonyms: replace account numbers by names that a secret key of the deployment derives from them."""

from __future__ import annotations

import hmac
import re
from functools import lru_cache
from typing import Final

_ACCOUNT: Final = re.compile(r"(?:account|acct)s?_?(?:(?:ids?|numbers?|nos?|nums?)_|$)")
"""Matches a key that names an account number, as `words_of` returns its words."""

_CLOUD_ACCOUNT: Final = "cloud.account.id"
"""A resource attribute of the conventions: the account of a cloud provider, not of a broker."""

_DIGITS: Final = 12
_PSEUDONYM: Final = re.compile(rf"acct-[0-9a-f]{{{_DIGITS}}}")
_WORD: Final = re.compile(r"[A-Z0-9]+(?![a-z0-9])|[A-Z]?[a-z0-9]+")


class _Key:
    """The key of the deployment: one per process, since a process has one pipeline."""

    value: bytes | None = None


def use(key: str | None) -> None:
    """Use `key` for pseudonyms from now on; without a key, `pseudonym` returns None."""
    _Key.value = None if key is None else key.encode()


def words_of(key: str) -> str:
    """Return the words of an attribute's key in lower case, each followed by an underscore."""
    return "".join(f"{word.lower()}_" for word in _WORD.findall(key))


@lru_cache(4096)
def names_an_account(key: str) -> bool:
    """Return whether the words of `key` name the number of an account."""
    return key != _CLOUD_ACCOUNT and bool(_ACCOUNT.search(words_of(key)))


def pseudonym(value: object) -> str | None:
    """Return the pseudonym of an account number; a pseudonym is returned unchanged.

    It is `acct-` and 12 hexadecimal digits of the HMAC-SHA256 of the number (RFC 2104). With the key, the
    number can be found again by trying all numbers; without it, that is impossible.

    Args:
        value: The account's number, as text, bytes or an int.

    Returns:
        The pseudonym, or None without a key, or for a value of another type.
    """
    if isinstance(value, str) and _PSEUDONYM.fullmatch(value):
        return value
    if _Key.value is None or isinstance(value, bool) or not isinstance(value, str | bytes | int):
        return None
    given = value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")
    return f"acct-{hmac.digest(_Key.value, given, 'sha256').hex()[:_DIGITS]}"
