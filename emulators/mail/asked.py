"""What a request to the read API asks for: which messages, which page, in which time zone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from starlette.requests import Request

from emulators.core.clock import BERLIN

from .mailbox import MailMessage
from .search import Test, search

if TYPE_CHECKING:
    from .server import MailServer

_LIMIT, _MOST = 50, 1000


class NotFound(LookupError):
    """There is no such message or part; the text says which."""


def found(server: MailServer, request: Request, query: str) -> list[MailMessage]:
    """All messages that fit a search, the newest first. Raises `ValueError` for a search or `tz` not understood."""
    test: Test = search(query, zone(request))
    return [message for message in server.mailboxes.newest_first() if test(server.mailboxes, message)]


def chosen(server: MailServer, ids: list[str]) -> list[MailMessage]:
    """The messages with these ids, all if none are given; as with Mailpit, an id that is not there is no mistake."""
    if not ids:
        return list(server.mailboxes.newest_first())
    return [message for uid in dict.fromkeys(ids) if (message := server.mailboxes.find(uid)) is not None]


def meant(server: MailServer, request: Request) -> MailMessage:
    """The message that the path names. `latest` is the newest, or the newest that fits `?query=`.

    Raises `NotFound`, `ValueError`.
    """
    zone(request)  # what is wrong is wrong, also where nothing is searched
    uid = request.path_params["id"]
    if uid != "latest":
        message = server.mailboxes.find(uid)
    elif query := request.query_params.get("query", ""):
        message = next(iter(found(server, request, query)), None)
    else:
        message = next(server.mailboxes.newest_first(), None)
    if message is None:
        raise NotFound(f"there is no message {uid!r}")
    return message


def page(request: Request) -> tuple[int, int]:
    """The parameters `start` and `limit`, or what they are if not given. Raises `ValueError` for what is no number."""
    start, limit = (_number(request.query_params, *given) for given in (("start", 0), ("limit", _LIMIT)))
    return start, min(limit, _MOST)


def _number(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise ValueError(f"{name}={text!r} is no number from 0 on")
    return int(text)


def zone(request: Request) -> ZoneInfo:
    """The parameter `tz`, or where the world is. Raises `ValueError` for what is no time zone."""
    name = request.query_params.get("tz", "")
    if not name:
        return BERLIN
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):  # the library's own error is a KeyError
        raise ValueError(f"tz={name!r} is no time zone") from None
