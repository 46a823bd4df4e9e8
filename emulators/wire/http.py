"""One ASGI app, two ways in: served on a socket, or called in process without an event loop.

An `async def` handler that never suspends can be driven by hand: `coroutine.send(None)` runs it to its end.
So `requests` can be answered in process by the very app that a socket serves (see `mount` and `HttpDoor`), and both
ways run it through `answer`, which decides what becomes of its errors.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Coroutine, Iterable, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote, urlsplit

import requests
import responses
from starlette.types import ASGIApp, Message, Scope

from emulators.core.emulator import Loop

if TYPE_CHECKING:
    from .http_server import HttpServer

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD")

_log = logging.getLogger(__name__)


class Refusal(ConnectionError):
    """Raised by an app to stand for a connection that breaks: nothing answers (in process: `requests` sees this)."""


class WouldSuspend(RuntimeError):
    """A handler waited for something; in process there is no loop to wait on."""


class Answer(NamedTuple):
    """Status, headers in their order, body."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


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
    return Answer(start["status"], headers, b"" if scope["method"] == "HEAD" else b"".join(chunks))


def problem(status: int, error: str, detail: str) -> Answer:
    """An answer in JSON, as an emulator gives it where its app could not."""
    body = json.dumps({"error": error, "detail": detail}, ensure_ascii=False).encode()
    return Answer(status, [("content-type", "application/json"), ("content-length", str(len(body)))], body)


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
    """The app as a callback of `responses`. A `Refusal` is what a broken connection is to `requests`."""

    def reply(request: requests.PreparedRequest) -> Answer:
        headers = {str(k): v.decode("latin-1") if isinstance(v, bytes) else v for k, v in request.headers.items()}
        try:
            return call(app, request.method or "GET", request.url or "", headers, _bytes_of(request))
        except Refusal as refusal:
            raise requests.ConnectionError(str(refusal) or "connection closed", request=request) from refusal

    return reply


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


def deliver(method: str, url: str, headers: Mapping[str, str], body: bytes, timeout: float = 5.0) -> int | None:
    """Make a call to the outside, such as a webhook; `timeout` in seconds.

    Returns the status of the first answer (redirects are not followed), or `None` if there is none: refused, broken
    off, too late, no such host, no such URL. Raises nothing. Keeps to itself: no proxies or netrc of the machine.
    """
    try:
        with requests.Session() as session:
            session.trust_env = False
            response = session.request(
                method, url, headers=dict(headers), data=body, timeout=timeout, allow_redirects=False
            )
            return response.status_code
    except (requests.RequestException, OSError, ValueError):
        return None


class HttpDoor:
    """An app on a socket. `lock` is held while the app answers: a world's own, so that nothing else moves meanwhile.

    Never wait for this door while holding `lock`: its loop would wait for you.
    """

    def __init__(self, name: str, app: ASGIApp, lock: AbstractContextManager[Any]) -> None:
        self.name = name
        self._app = app
        self._lock = lock
        self._open: tuple[Loop, HttpServer] | None = None

    def open(self, loop: Loop) -> str:
        """Serve on 127.0.0.1 at a port chosen by the system; returns `http://127.0.0.1:PORT`.

        Raises `RuntimeError` if the door is open already.
        """
        if self._open is not None:
            raise RuntimeError(f"the door '{self.name}' is open already")
        # A world that stays in process never pays for loading a server.
        from .http_server import HttpServer

        server = HttpServer(self._app, self._lock)
        self._open = loop, server
        return loop.run(server.start())

    def close(self) -> None:
        """Stop to listen and drop all connections, within 2 seconds."""
        if self._open is not None:
            (loop, server), self._open = self._open, None
            loop.run(server.stop())
