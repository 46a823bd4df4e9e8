"""Calls to the outside, such as webhooks."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from functools import lru_cache
from typing import Any, NamedTuple

import requests
from urllib3 import Timeout
from urllib3.exceptions import ReadTimeoutError

from emulators.core.courier import bag_at_hand


class Patience(NamedTuple):
    """How long a call waits, in seconds: to be put through, for each piece of the answer, and for all that together."""

    connect: float
    read: float
    total: float | None = None


class Unanswered(Enum):
    """Why there is no answer: refused, broken off, not put through in time, no such host or URL; or put through, but
    answered too late."""

    NOT_CONNECTED = "not connected"
    TOO_LATE = "too late"


def call(method: str, url: str, headers: Mapping[str, str], body: bytes, patience: Patience) -> int | Unanswered:
    """Make a call to the outside, such as a webhook.

    Returns the status of the first answer (redirects are not followed), or why there is none. Raises nothing. Keeps to
    itself: no proxies or netrc of the machine. A courier keeps its connections from one call to the next.
    """
    bag = bag_at_hand()
    try:
        if bag is not None:
            return _send(bag.keep("session", _session), method, url, headers, body, patience)
        with _session() as session:
            return _send(session, method, url, headers, body, patience)
    except (requests.RequestException, OSError, ValueError) as error:
        return Unanswered.TOO_LATE if _is_late(error) else Unanswered.NOT_CONNECTED


def deliver(method: str, url: str, headers: Mapping[str, str], body: bytes, timeout: float = 5.0) -> int | None:
    """As `call`, with `timeout` seconds for either; `None` if there is no answer, whyever."""
    answer = call(method, url, headers, body, Patience(timeout, timeout))
    return answer if isinstance(answer, int) else None


@lru_cache(256)
def as_sent(url: str) -> str:
    """The URL as `deliver` asks for it, with its path, and quoted where it must be: what a signature has to cover.

    One that cannot be asked for stays as it is.
    """
    try:
        return requests.Request("POST", url).prepare().url or url
    except (requests.RequestException, ValueError):
        return url


def _session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    return session


def _send(
    session: requests.Session, method: str, url: str, headers: Mapping[str, str], body: bytes, patience: Patience
) -> int:
    session.cookies.clear()  # each call is made by nobody the other side knows
    timeout: Any = Timeout(connect=patience.connect, read=patience.read, total=patience.total)
    return session.request(
        method, url, headers=dict(headers), data=body, timeout=timeout, allow_redirects=False
    ).status_code


def _is_late(error: Exception) -> bool:
    """Also of an answer that had begun: the library calls that a failure of the connection."""
    return isinstance(error, requests.ReadTimeout) or (
        isinstance(error, requests.ConnectionError) and any(isinstance(each, ReadTimeoutError) for each in error.args)
    )
