"""The read API, in the shape of Mailpit's version 1, so that its clients read our mails: field names are Mailpit's.

Each copy in a mailbox is a message of its own. Added to Mailpit's fields: `Folder`, `Recipient` (the envelope's),
`ImagesBlocked` (by the recipient's mail program), and `Links` with their state and whether one can see them. Spoken:
listing, searching, reading, marking, deleting, tags, views. Not spoken: sending and releasing, the checks of HTML,
links and spam, thumbnails, Chaos (faults do that).
Source: Mailpit's REST API, version 1.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine, Iterable, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from emulators.wire.openapi import below

from .asked import NotFound, chosen, found, meant, page, zone
from .content import Blocked
from .mailbox import MailMessage
from .openapi import document
from .search import tags_of
from .shape import Info, Summaries, detail, summary
from .wanted import Deletion, LinkStatus, ReadStatus

if TYPE_CHECKING:
    from .server import MailServer

_OK = "ok"
# A mail is shown without scripts and without calls to anybody outside.
_CONTENT_POLICY = "default-src 'none'; img-src {images}; style-src 'unsafe-inline'"
_IMAGES: Mapping[Blocked, str] = {"none": "'self' data:", "remote": "'self' data:", "all": "'none'"}
_RUNNABLE = frozenset(
    {"text/html", "text/xml", "application/xhtml+xml", "image/svg+xml", "application/xml", "text/xsl"}
)

Handler = Callable[["MailServer", Request, bytes], Response]
Endpoint = Callable[[Request], Coroutine[Any, Any, Response]]


def build(server: MailServer) -> Starlette:
    """The API as an ASGI app."""
    app = Starlette(routes=ROUTES)
    app.state.server = server
    return app


def _answered(handlers: Mapping[str, Handler]) -> Endpoint:
    """The handlers of a path as an endpoint; what they cannot understand is a 400 that says why, what is not there a
    404."""

    async def endpoint(request: Request) -> Response:
        body = await request.body()
        handler = handlers["GET" if request.method == "HEAD" else request.method]
        try:
            return handler(request.app.state.server, request, body)
        except NotFound as missing:
            return PlainTextResponse(str(missing), 404)
        except ValidationError as problem:
            wrong = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'body'}: {e['msg']}" for e in problem.errors())
            return PlainTextResponse(wrong, 400)
        except ValueError as problem:
            return PlainTextResponse(str(problem), 400)

    return endpoint


# -- lists ------------------------------------------------------------------------------------------------------------


def _list(server: MailServer, request: Request, _: bytes) -> Response:
    boxes = server.mailboxes
    start, limit = page(request)
    shown = islice(boxes.newest_first(), start, start + limit)
    return _summaries(server, shown, start, len(boxes), boxes.unread)


def _search(server: MailServer, request: Request, _: bytes) -> Response:
    start, limit = page(request)
    fitting = found(server, request, request.query_params.get("query", ""))
    unread = sum(not server.mailboxes.is_read(message) for message in fitting)
    return _summaries(server, fitting[start : start + limit], start, len(fitting), unread)


def _summaries(server: MailServer, shown: Iterable[MailMessage], start: int, fit: int, unread: int) -> Response:
    boxes = server.mailboxes
    messages = [summary(boxes, message) for message in shown]
    shape: Summaries = {
        "total": len(boxes),
        "unread": boxes.unread,
        "count": len(messages),
        "messages_count": fit,
        "messages_unread": unread,
        "start": start,
        "tags": _all_tags(server),
        "messages": messages,
    }
    return JSONResponse(shape)


def _mark(server: MailServer, request: Request, body: bytes) -> Response:
    """Set the read status of some messages, of those that a search finds, or of all."""
    wanted = ReadStatus.model_validate_json(body or b"{}")
    if wanted.IDs and wanted.Search:
        raise ValueError("give either IDs or a search, not both")
    zone(request)
    for message in found(server, request, wanted.Search) if wanted.Search else chosen(server, wanted.IDs):
        server.mailboxes.mark(message, read=wanted.Read)
    return PlainTextResponse(_OK)


def _delete(server: MailServer, _: Request, body: bytes) -> Response:
    """Delete some messages, or all."""
    for message in chosen(server, Deletion.model_validate_json(body or b"{}").IDs):
        server.delete(message)
    return PlainTextResponse(_OK)


def _delete_found(server: MailServer, request: Request, _: bytes) -> Response:
    for message in found(server, request, request.query_params.get("query", "")):
        server.delete(message)
    return PlainTextResponse(_OK)


def _tags(server: MailServer, _: Request, __: bytes) -> Response:
    return JSONResponse(_all_tags(server))


def _all_tags(server: MailServer) -> list[str]:
    return sorted({tag for message in server.mailboxes.newest_first() for tag in tags_of(message)})


# -- one message ------------------------------------------------------------------------------------------------------


def _read(server: MailServer, request: Request, _: bytes) -> Response:
    message = meant(server, request)
    server.mailboxes.mark(message, read=True)
    return JSONResponse(detail(server.mailboxes, message))


def _headers(server: MailServer, request: Request, _: bytes) -> Response:
    return JSONResponse(dict(sorted(meant(server, request).content.headers.items())))


def _raw(server: MailServer, request: Request, _: bytes) -> Response:
    return Response(meant(server, request).raw, media_type="text/plain; charset=utf-8")


def _part(server: MailServer, request: Request, _: bytes) -> Response:
    message, wanted = meant(server, request), request.path_params["part_id"]
    part = next((each for each in message.content.attachments if each.part_id == wanted), None)
    if part is None:
        raise NotFound(f"the message {message.uid} has no part {wanted}")
    runnable = part.content_type in _RUNNABLE
    name = quote(part.file_name or part.content_id, safe="")
    disposition = f'{"attachment" if runnable else "inline"}; filename="{name}"'
    # Without a charset: Starlette would add one of its own to text.
    kind = "application/octet-stream" if runnable else part.content_type
    return Response(part.content, headers={"content-type": kind, "content-disposition": disposition})


def _note_link(server: MailServer, request: Request, body: bytes) -> Response:
    """Note that a person followed a link of the message; ours, not Mailpit's."""
    wanted = LinkStatus.model_validate_json(body)
    server.note_link(meant(server, request), wanted.URL, wanted.State)
    return PlainTextResponse(_OK)


def _view_text(server: MailServer, request: Request, _: bytes) -> Response:
    return PlainTextResponse(meant(server, request).text)


def _view_html(server: MailServer, request: Request, _: bytes) -> Response:
    """The HTML as it is, except that the images in the mail are found, or not even those loaded if all are blocked."""
    message = meant(server, request)
    if not message.html:
        raise NotFound(f"the message {message.uid} has no HTML")
    base = f"{request.scope.get('root_path', '')}/api/v1/message/{message.uid}/part"
    parts = {part.content_id: part.part_id for part in message.content.attachments if part.content_id}

    def place(named: re.Match[str]) -> str:
        return f"{base}/{parts[named[1]]}" if named[1] in parts else named[0]

    shown = re.sub(r"cid:([^\"'\s>]+)", place, message.html, flags=re.IGNORECASE)
    policy = _CONTENT_POLICY.format(images=_IMAGES[message.images_blocked])
    return HTMLResponse(shown, headers={"content-security-policy": policy})


# -- the server -------------------------------------------------------------------------------------------------------


def _info(server: MailServer, _: Request, __: bytes) -> Response:
    boxes = server.mailboxes
    counted = dict.fromkeys(_all_tags(server), 0)
    for message in boxes.newest_first():
        for tag in tags_of(message):
            counted[tag] += 1
    shape: Info = {
        "Version": "Prüfstand TEST ONLY",
        "LatestVersion": "",
        "Database": "",
        "DatabaseSize": sum(len(message.raw) for message in boxes.newest_first()),
        "Messages": len(boxes),
        "Unread": boxes.unread,
        "Tags": counted,
    }
    return JSONResponse(shape)


def _alive(server: MailServer, _: Request, __: bytes) -> Response:
    return PlainTextResponse(_OK)


def _description(_: MailServer, request: Request, __: bytes) -> Response:
    return JSONResponse(below(document(), request.scope.get("root_path", "")))


HANDLERS: Mapping[str, Mapping[str, Handler]] = {
    "/api/v1/messages": {"GET": _list, "PUT": _mark, "DELETE": _delete},
    "/api/v1/search": {"GET": _search, "DELETE": _delete_found},
    "/api/v1/tags": {"GET": _tags},
    "/api/v1/info": {"GET": _info},
    "/api/v1/message/{id}": {"GET": _read},
    "/api/v1/message/{id}/headers": {"GET": _headers},
    "/api/v1/message/{id}/raw": {"GET": _raw},
    "/api/v1/message/{id}/part/{part_id}": {"GET": _part},
    "/api/v1/message/{id}/links": {"PUT": _note_link},
    "/view/{id}.txt": {"GET": _view_text},
    "/view/{id}.html": {"GET": _view_html},
    "/livez": {"GET": _alive},
    "/readyz": {"GET": _alive},
    "/openapi.json": {"GET": _description},
}
# One route for each path, so that a method it does not have is told all those that it has.
ROUTES = tuple(Route(path, _answered(by_method), methods=[*by_method]) for path, by_method in HANDLERS.items())
