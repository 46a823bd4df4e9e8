"""One-time codes in a text message: as a person reads them, and as a phone takes them over by itself.

A `Way` looks at one message and gives the code that the phone would hand to the app, or `None`.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256

Way = Callable[[str], str | None]

_RETRIEVER_LIMIT = 140  # bytes
_APP_HASH_LENGTH = 11

# What looks like a code and is none: links, addresses, telephone numbers, dates, times, amounts.
_NOISE = re.compile(
    r"""https?://\S+
      | \b[\w.+-]+@[\w-]+(?:\.[\w-]+)+
      | \+\d[\d\ /()-]{6,}\d
      | \b0\d{2,5}[\ /-]\d{5,}
      | \b\d{1,2}\.\s?\d{1,2}\.(?:\s?\d{2,4})?
      | \b\d{4}-\d{2}-\d{2}\b
      | \b\d{1,2}:\d{2}(?::\d{2})?\b
      | \b\d+(?:[.,]\d+)?\s?(?:€|EUR\b|Euro\b)""",
    re.VERBOSE,
)
_CANDIDATE = re.compile(r"(?<!\w)(\d{3}[ -]\d{3}|\d{4}[ -]\d{4}|\d{2} \d{2} \d{2}|[A-Za-z0-9]{4,10})(?!\w)", re.ASCII)
_KEY_WORD = re.compile(r"(?:tan|code|pin|kennwort|passwort|password)\b", re.IGNORECASE)
_BOUND_LINE = re.compile(r"@(?P<top>[^\s@#%]+) #(?P<code>[^\s#]+)(?: [@%](?P<embedded>[^\s@#%]+))?(?!\S)")


def codes_in(body: str) -> tuple[str, ...]:
    """The codes a person would read in `body`, the likeliest first, without the spaces of `123 456`.

    A code has 4 to 10 letters and digits and at least one digit. What follows a word such as TAN or Code comes
    before what does not.
    """
    plain = _NOISE.sub(" ", body)
    likely: dict[str, None] = {}
    possible: dict[str, None] = {}
    key = _KEY_WORD.search(plain)
    for match in _CANDIDATE.finditer(plain):
        if not any(char.isdigit() for char in match[0]) or _touches_a_letter(plain, match):
            continue
        code = match[0].replace(" ", "").replace("-", "")
        follows = key is not None and key.end() <= match.start()
        (likely if follows else possible)[code] = None
    return tuple(likely | possible)


def user_consent(body: str) -> str | None:
    """Android's SMS User Consent: any 4 to 10 character code with a digit; the person must have agreed.

    Source: Google, SMS Verification APIs, "Which API should I use?".
    """
    return next(iter(codes_in(body)), None)


def retriever(app_hash: str) -> Way:
    """Android's SMS Retriever: at most 140 bytes, and `app_hash` (11 characters) at the very end.

    Source: Google, SMS Retriever API, "Construct a verification message".
    """

    def way(body: str) -> str | None:
        text = body.rstrip()
        if len(body.encode()) > _RETRIEVER_LIMIT or not text.endswith(app_hash):
            return None
        return user_consent(text.removesuffix(app_hash).removeprefix("<#>"))

    return way


def domain_bound(domain: str, embedded: str | None = None) -> Way:
    """A code bound to an origin: the last line is `@domain #code`, or `@domain #code @embedded` within a frame.

    Offered only where both domains fit; older texts write `%` before the embedded one. More text in that line counts
    for nothing.
    Source: WICG, Origin-bound one-time codes delivered via SMS; Apple, Password AutoFill.
    """

    def way(body: str) -> str | None:
        bound = _BOUND_LINE.match(_last_line(body))
        if bound is None or bound["top"].lower() != domain.lower():
            return None
        return bound["code"] if (bound["embedded"] or "").lower() == (embedded or "").lower() else None

    return way


def ios_autofill(domain: str) -> Way:
    """iOS AutoFill: a message with a domain line is offered for that domain only; without one, a heuristic
    looks for a word such as "Code" before the digits."""
    bound_to_domain = domain_bound(domain)

    def way(body: str) -> str | None:
        if _BOUND_LINE.match(_last_line(body)):
            return bound_to_domain(body)
        return user_consent(body) if _KEY_WORD.search(body) else None

    return way


def app_hash(package: str, certificate: str) -> str:
    """The 11 characters by which SMS Retriever knows an app; `certificate` is the signing certificate in hex.

    The first 11 base64 characters of the first 9 bytes of SHA-256 over `package certificate`.
    """
    return b64encode(sha256(f"{package} {certificate.lower()}".encode()).digest()[:9]).decode()[:_APP_HASH_LENGTH]


def _last_line(body: str) -> str:
    return re.split(r"\r\n?|\n", body.rstrip())[-1]


def _touches_a_letter(text: str, match: re.Match[str]) -> bool:
    # The candidate is ASCII, its neighbours need not be: an umlaut is part of a word too.
    before, after = text[match.start() - 1 : match.start()], text[match.end() : match.end() + 1]
    return before.isalnum() or after.isalnum()
