"""One ASGI app, two ways in: served on a socket, or called in process without an event loop.

An `async def` handler that never suspends can be driven by hand: `coroutine.send(None)` runs it to its end.
So `requests` can be answered in process by the very app that a socket serves (see `mount` and `HttpDoor`), and both
ways run it through `answer`, which decides what becomes of its errors.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine, Iterable, Mapping
from contextlib import AbstractContextManager
from errno import ECONNRESET
from http.client import HTTPException, HTTPResponse, IncompleteRead
from io import BytesIO
from math import inf
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import requests
import responses
from starlette.types import ASGIApp, Message, Scope

from emulators.core.emulator import Loop

from .http_answer import Answer, Refusal, problem
from .line import WHOLE, Ending, Line
from .outside import deliver

if TYPE_CHECKING:
    from .http_connection import Limits
    from .http_server import HttpServer

__all__ = [
    "METHODS",
    "Answer",
    "HttpDoor",
    "Refusal",
    "WouldSuspend",
    "answer",
    "as_callback",
    "call",
    "deliver",
    "mount",
    "problem",
    "run_without_loop",
]

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD")

_log = logging.getLogger(__name__)


class WouldSuspend(RuntimeError):
    """A handler waited for something; in process there is no loop to wait on."""


def run_without_loop(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine that never suspends; returns its result. Raises `WouldSuspend` if it does suspend."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        return done.value
    coroutine.close()
    raise WouldSuspend("the handler suspended; handlers of emulators must answer at once")


def answer(app: ASGIApp, scope: Scope, body: bytes) -> Answer:
    """What the app answers to a request that is here completely.

    Raises `Refusal` if the app does and `WouldSuspend` if it waits for something. Any other exception of the app is
    logged and becomes a 500 with a JSON body that names it.
    """
    request: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]
    sent: list[Message] = []

    async def receive() -> Message:
        return request.pop() if request else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    async def run() -> None:
        await app(scope, receive, send)

    try:
        run_without_loop(run())
    except (Refusal, WouldSuspend):
        raise
    except Exception as error:
        _log.exception("%s %s failed in the app", scope["method"], scope["path"])
        return problem(500, type(error).__name__, str(error))
    start = next((m for m in sent if m["type"] == "http.response.start"), None)
    if start is None:
        return problem(500, "NoAnswer", "the app ended without an answer")
    chunks = [m.get("body", b"") for m in sent if m["type"] == "http.response.body"]
    headers = [(k.decode("latin-1"), v.decode("latin-1")) for k, v in start.get("headers", ())]
    body = b"" if scope["method"] == "HEAD" else b"".join(chunks)
    reply = Answer(start["status"], headers, body)
    return reply.over(start["line"]) if "line" in start else reply


def call(app: ASGIApp, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
    """Call an ASGI app in process: returns status, headers and body. Raises as `answer` does."""
    parts = urlsplit(url)
    fields = [(k.lower().encode("latin-1"), v.encode("latin-1")) for k, v in headers.items()]
    if not any(name == b"host" for name, _ in fields):
        fields.insert(0, (b"host", parts.netloc.encode("latin-1")))
    scope: Scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": parts.scheme,
        "path": unquote(parts.path) or "/",
        "raw_path": parts.path.encode() or b"/",
        "root_path": "",
        "query_string": parts.query.encode(),
        "headers": fields,
        "client": ("127.0.0.1", 0),
        "server": (parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)),
    }
    return answer(app, scope, body)


Callback = Callable[[requests.PreparedRequest], tuple[int, list[tuple[str, str]], bytes]]


def as_callback(app: ASGIApp) -> Callback:
    """The app as a callback of `responses`. A broken or bent line is what it is to `requests` on a socket."""

    def reply(request: requests.PreparedRequest) -> tuple[int, list[tuple[str, str]], bytes]:
        headers = {str(k): v.decode("latin-1") if isinstance(v, bytes) else v for k, v in request.headers.items()}
        try:
            got = call(app, request.method or "GET", request.url or "", headers, _bytes_of(request))
        except Refusal as refusal:
            raise _no_answer_to_requests(refusal.line, request, str(refusal) or "connection closed") from refusal
        if got.line.ending in (Ending.RESET, Ending.SILENT):
            raise _no_answer_to_requests(got.line, request)
        arrived = got if got.line is WHOLE else _arrived(got, request)
        return arrived.status, arrived.headers, arrived.body

    return reply


def _no_answer_to_requests(
    line: Line, request: requests.PreparedRequest, text: str = "the connection broke"
) -> requests.RequestException:
    """What `requests` raises when nothing at all comes over that line."""
    match line.ending:
        case Ending.SILENT:
            return requests.ReadTimeout(f"{text}: read timed out", request=request)
        case Ending.RESET:
            return requests.ConnectionError(ConnectionResetError(ECONNRESET, text), request=request)
        case _:
            return requests.ConnectionError(text, request=request)


def _arrived(answer: Answer, request: requests.PreparedRequest) -> Answer:
    """What a client makes of the answer once it has come over its line, as the standard library reads it.

    Raises what `requests` raises for an answer that is cut off or too slow. One that is cut off in its head may well
    count as whole, with fewer headers and no body.
    """
    octets, line = answer.octets(), answer.line
    if line.piece is not None and line.piece < len(octets) and line.pause > _patience(request):
        raise requests.ReadTimeout("the answer comes too slowly: read timed out", request=request)
    reader = HTTPResponse(_Octets(octets[: line.cut_after]), method=request.method)  # type: ignore[arg-type]
    try:
        reader.begin()
        return Answer(reader.status, reader.getheaders(), reader.read())
    except IncompleteRead as broken:
        raise requests.exceptions.ChunkedEncodingError(broken, request=request) from broken
    except HTTPException as broken:
        raise requests.ConnectionError(broken, request=request) from broken


class _Octets:
    """What `HTTPResponse` needs of a socket."""

    def __init__(self, octets: bytes) -> None:
        self._octets = octets

    def makefile(self, _: str) -> BytesIO:
        return BytesIO(self._octets)


def _patience(request: requests.PreparedRequest) -> float:
    """Seconds that the caller waits for the next octet, as given to `requests`; without an end if not given."""
    timeout = getattr(request, "req_kwargs", {}).get("timeout")
    if isinstance(timeout, tuple):
        timeout = timeout[1]
    return inf if timeout is None else float(timeout)


def _bytes_of(request: requests.PreparedRequest) -> bytes:
    match request.body:
        case None:
            return b""
        case str() as text:
            return text.encode()
        case bytes() | bytearray() as raw:
            return bytes(raw)
        case chunks:  # a file or a generator, as `requests` takes them for streaming
            return b"".join(chunk.encode() if isinstance(chunk, str) else chunk for chunk in chunks)


class _Mounted(responses.CallbackResponse):
    """Answers every method at and below a URL: one registration where `add_callback` would need six and a pattern."""

    def __init__(self, base_url: str, methods: Iterable[str], callback: Callback) -> None:
        super().__init__("*", base_url, callback=callback, content_type=None)
        self._base = base_url.rstrip("/")
        self._methods = frozenset(methods)

    def matches(self, request: requests.PreparedRequest) -> tuple[bool, str]:
        url = request.url or ""
        if request.method not in self._methods:
            return False, "Method does not match"
        below = url.startswith(self._base) and url[len(self._base) : len(self._base) + 1] in ("", "/", "?")
        return below, "" if below else "URL does not match"


def mount(mock: responses.RequestsMock, base_url: str, app: ASGIApp, methods: Iterable[str] = METHODS) -> None:
    """Serve all of `base_url` from `app` for everyone who uses `requests` while `mock` is active."""
    mock.add(_Mounted(base_url, methods, as_callback(app)))


class HttpDoor:
    """An app on a socket. `lock` is held while the app answers: a world's own, so that nothing else moves meanwhile.

    `settle` is called, without the lock, after each answer: `Physics.happen` where the world is to go on by itself.
    `limits` are what it takes from one client. Never wait for this door while holding `lock`: its loop would wait for
    you.
    """

    def __init__(
        self,
        name: str,
        app: ASGIApp,
        lock: AbstractContextManager[Any],
        *,
        settle: Callable[[], object] | None = None,
        limits: Limits | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self.name = name
        self._app = app
        self._lock = lock
        self._settle = settle
        self._limits = limits
        self._host = host
        self._port = port
        self._open: tuple[Loop, HttpServer] | None = None

    def open(self, loop: Loop) -> str:
        """Serve on `host` and `port`, by default at a port of 127.0.0.1 that the system chooses; returns the URL.

        Raises `RuntimeError` if the door is open already, `OSError` if it cannot listen there.
        """
        if self._open is not None:
            raise RuntimeError(f"the door '{self.name}' is open already")
        # A world that stays in process never pays for loading a server.
        from .http_server import HttpServer

        server = HttpServer(self._app, self._lock, self._settle, self._limits)
        address = loop.run(server.start(self._host, self._port))
        self._open = loop, server
        return address

    def close(self) -> None:
        """Stop to listen and drop all connections, within 2 seconds."""
        if self._open is not None:
            (loop, server), self._open = self._open, None
            loop.run(server.stop())
