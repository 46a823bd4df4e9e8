"""Calls to the outside, such as webhooks."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import requests

from emulators.core.courier import bag_at_hand


def deliver(method: str, url: str, headers: Mapping[str, str], body: bytes, timeout: float = 5.0) -> int | None:
    """Make a call to the outside, such as a webhook; `timeout` in seconds.

    Returns the status of the first answer (redirects are not followed), or `None` if there is none: refused, broken
    off, too late, no such host, no such URL. Raises nothing. Keeps to itself: no proxies or netrc of the machine.
    A courier keeps its connections from one call to the next.
    """
    bag = bag_at_hand()
    try:
        if bag is not None:
            return _send(bag.keep("session", _session), method, url, headers, body, timeout)
        with _session() as session:
            return _send(session, method, url, headers, body, timeout)
    except (requests.RequestException, OSError, ValueError):
        return None


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
    session: requests.Session, method: str, url: str, headers: Mapping[str, str], body: bytes, timeout: float
) -> int:
    session.cookies.clear()  # each call is made by nobody the other side knows
    return session.request(
        method, url, headers=dict(headers), data=body, timeout=timeout, allow_redirects=False
    ).status_code
