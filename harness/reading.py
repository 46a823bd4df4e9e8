"""What a person reads off a letter, an SMS, a mail: the codes in them. Rules and hands read alike."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

_TAN = re.compile(r"(?<![\d+])(\d{4,10})(?!\d)")
_ACTIVATION_CODE = re.compile(r"^.*[Cc]ode\s*:\s*([A-Z0-9][A-Z0-9 -]{4,30}[A-Z0-9])\s*$", re.MULTILINE)
_PIN = re.compile(r"\bPIN\s*:\s*(\d{5,8})\b")


def tan_in(text: str) -> str | None:
    """The first number of 4 to 10 digits in an SMS, as a person would take it for the TAN."""
    found = _TAN.search(text)
    return found.group(1) if found else None


def activation_code_in(text: str) -> str | None:
    """The code on a line `…code: ABCD2345` of a letter; blanks and hyphens are for the eye."""
    found = _ACTIVATION_CODE.search(text)
    return re.sub(r"[ -]", "", found.group(1)) if found else None


def activation_code_in_link(link: str) -> str | None:
    """The code in the link of a letter's QR code: its parameter `code`."""
    found = parse_qs(urlsplit(link).query).get("code")
    return found[0] if found else None


def pin_in(text: str) -> str | None:
    found = _PIN.search(text)
    return found.group(1) if found else None
