"""What the gateway checks before it takes an order. Each refusal names its code, its reason and what would do."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from functools import lru_cache
from urllib.parse import urlsplit

from emulators.core.clock import elapsed
from emulators.core.numbers import is_fictional

from .errors import Rejected
from .message import SmsOrder
from .network import E164

MAX_BODY = 1600  # characters
_REMEMBERED = 4096  # numbers and senders that are in order
MAX_VALIDITY = timedelta(seconds=36000)  # Twilio, error 21624
SCHEDULE_EARLIEST, SCHEDULE_LATEST = timedelta(minutes=15), timedelta(days=35)  # Twilio, error 35114

_GERMAN_MOBILE = re.compile(r"\+491[567]\d+", re.ASCII)
_NO_URL = re.compile(r"[\x00-\x20\x7f]")  # would have to be quoted, or would end the request line
# A sender is a number, with + or as digits, a short code, or up to eleven letters and digits with at least one letter.
SENDER = re.compile(r"\+[1-9]\d{6,14}|\d{3,16}|(?=[^A-Za-z]*[A-Za-z])[A-Za-z0-9 +&_-]{1,11}", re.ASCII)


def check(order: SmsOrder, sender: str) -> None:
    """Raises `Rejected` for the first thing that is wrong with an order; `sender` is who it would come from."""
    _check_recipient(order.to)
    if not sender:
        raise Rejected.because(21603)
    _check_sender(sender)
    if not order.body and order.payload is None and order.part is None:
        raise Rejected.because(21602)
    check_length(order.body)
    if order.status_callback is not None and not is_http_url(order.status_callback):
        raise Rejected.because(21609, repr(order.status_callback))


def check_length(body: str) -> None:
    """Raises `Rejected` (21617)."""
    if len(body) > MAX_BODY:
        raise Rejected.because(21617)


@lru_cache(_REMEMBERED)
def _check_sender(sender: str) -> None:
    if not SENDER.fullmatch(sender):
        raise Rejected.because(21212, repr(sender))


@lru_cache(_REMEMBERED)
def _check_recipient(to: str) -> None:
    if not to:
        raise Rejected.because(21604)
    if not E164.fullmatch(to):
        raise Rejected.because(21211, f"{to[:40]!r} is not an E.164 number such as +491713920000")
    if not is_fictional(to):
        raise Rejected.because(
            21211, f"{to} could be a real person's; this test gateway knows the Bundesnetzagentur's numbers for fiction"
        )
    if not _GERMAN_MOBILE.fullmatch(to):
        raise Rejected.because(21614, to)


def check_schedule(send_at: datetime, now: datetime) -> None:
    """Raises `Rejected` (35114) for a time outside Twilio's window."""
    if not SCHEDULE_EARLIEST <= elapsed(now, send_at) <= SCHEDULE_LATEST:
        raise Rejected.because(35114)


def is_http_url(url: str) -> bool:
    """Whether `url` is one that a callback can be posted to."""
    if _NO_URL.search(url):
        return False
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:  # a port that is no number, a bracket that never closes
        return False
