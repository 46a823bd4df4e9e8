"""The notation of access conditions, as the data files of object systems have it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from .access import (
    ALWAYS,
    CHAT_OIDS,
    NEVER,
    AllOf,
    AnyOf,
    Authorised,
    Chat,
    CommandEncrypted,
    Condition,
    PasswordProved,
    ResponseEncrypted,
    SecuredWith,
    flag_bits,
)

_ATOMS: Mapping[str, Condition] = {
    "ALW": ALWAYS,
    "NEVER": NEVER,
    "CmdEnc": CommandEncrypted(),
    "RspEnc": ResponseEncrypted(),
}


class RuleError(ValueError):
    """A condition is not written as the notation wants it."""


class Notation:
    """Reads conditions. `password` finds the name for a reference, as seen from the folder the rule lies in.

    Grammar: `a or b`, `a and b`, brackets; atoms ALW NEVER CmdEnc RspEnc PWD(02) SmMac(key) flagTI.8 flagCMS.8 and
    the names in `macros`.
    """

    _TOKEN = re.compile(r"\s*([()]|and\b|or\b|[A-Za-z][\w.]*(?:\([\w.]+\))?)")
    _CALL = re.compile(r"PWD\(([0-9A-F]{2})\)|SmMac\(([\w.]+)\)|flag(TI|CMS)\.([0-4]?\d|5[0-5])")

    def __init__(self, macros: Mapping[str, str], password: Callable[[int], str | None]) -> None:
        self._macros = macros
        self._password = password
        self._known: dict[str, Condition] = {}

    def read(self, text: str) -> Condition:
        """Raises `RuleError` naming the text and what is wrong with it."""
        if text in self._known:
            return self._known[text]
        tokens = self._tokens(text)
        condition = self._either(tokens, text)
        if tokens:
            raise RuleError(f"{tokens[0]!r} is out of place in {text!r}")
        self._known[text] = condition
        return condition

    def _tokens(self, text: str) -> list[str]:
        tokens, at = [], 0
        while at < len(text.rstrip()):
            found = self._TOKEN.match(text, at)
            if found is None:
                raise RuleError(f"cannot read {text[at:]!r} in {text!r}")
            tokens.append(found[1])
            at = found.end()
        return tokens

    def _either(self, tokens: list[str], text: str) -> Condition:
        parts = [self._both(tokens, text)]
        while tokens and tokens[0] == "or":
            tokens.pop(0)
            parts.append(self._both(tokens, text))
        return AnyOf(tuple(parts)) if len(parts) > 1 else parts[0]

    def _both(self, tokens: list[str], text: str) -> Condition:
        parts = [self._atom(tokens, text)]
        while tokens and tokens[0] == "and":
            tokens.pop(0)
            parts.append(self._atom(tokens, text))
        return AllOf(tuple(parts)) if len(parts) > 1 else parts[0]

    def _atom(self, tokens: list[str], text: str) -> Condition:
        token = tokens.pop(0) if tokens else ""
        if token == "(":
            inside = self._either(tokens, text)
            if not tokens or tokens.pop(0) != ")":
                raise RuleError(f"a bracket is not closed in {text!r}")
            return inside
        if token in _ATOMS:
            return _ATOMS[token]
        if token in self._macros:
            return self.read(self._macros[token])
        if found := self._CALL.fullmatch(token):
            return self._call(found, text)
        raise RuleError(f"{token!r} is no condition in {text!r}")

    def _call(self, found: re.Match[str], text: str) -> Condition:
        if found[3]:
            return Authorised(Chat(CHAT_OIDS[found[3].lower()], flag_bits(int(found[4]))), found[0])
        if found[2]:
            return SecuredWith(found[2])
        reference = int(found[1], 16)
        name = self._password(reference)
        if name is None:
            raise RuleError(f"no password {reference:02X} for {text!r}")
        return PasswordProved(name, reference)
