"""What people type for one and the same thing: in capitals, with blanks, as a number at home.

The page does not say how forgiving a system has to be, so both are right: to take it, and to refuse it.
"""

from __future__ import annotations

import re
import unicodedata


def same_words(typed: str, own: str) -> bool:
    """The same but for upper and lower case and blanks."""
    return _words(typed) == _words(own)


def same_code(typed: str, own: str) -> bool:
    """The same code but for upper and lower case, blanks and hyphens."""
    return code_of(typed) == code_of(own)


def code_of(typed: str) -> str:
    """Without blanks and hyphens, in capitals."""
    return re.sub(r"[\s-]", "", typed).upper()


def mobile_of(typed: str) -> str:
    """A number as it goes to the SMS gateway (E.164), however it is written in Germany; else as it was typed."""
    plain = re.sub(r"[\s()/-]", "", typed)
    international = re.sub("^00", "+", plain)
    return re.sub("^0", "+49", international)


def _words(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())
