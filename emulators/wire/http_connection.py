"""One client's connection to an HTTP door: requests are read whole, answered one after the other, written at once.

httptools reads the requests. The answers are written here and not by a server framework, for a bench must be able to
cut them off, let them drip, or reset the connection under them.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import httptools
from starlette.types import Scope

from .http_answer import Answer, Refusal, problem
from .http_request import Request, head_without_upgrade, take_apart
from .line import WHOLE, Sender

_AHEAD = 64  # requests that a client may have sent without waiting for the answers
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


def _too_long(_: Scope, limit: int) -> Answer:
    return problem(413, "PayloadTooLarge", f"the limit of a body is {limit} octets")


@dataclass(frozen=True, slots=True)
class Limits:
    """What a door takes from one client: octets of a request's head and body, seconds for a request to be here whole.

    More is answered 431, 413, 408; `too_long` gives the 413 the shape of the API behind the door. `held` is what the
    bodies that are not answered yet may take up in all; once it is used up, clients are answered 503.
    """

    head: int = 64 * 1024
    body: int = 32 * 1024 * 1024
    request_seconds: float = 30.0
    held: int = 256 * 1024 * 1024
    too_long: Callable[[Scope, int], Answer] = _too_long


class Room:
    """What the connections of one server share: who is connected, and how much of their bodies is held."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.connections: set[Connection] = set()
        self.held = 0


Respond = Callable[[Scope, bytes], Answer]


class Connection(asyncio.Protocol):
    """`respond` answers a request that is here whole; a `Refusal` of it breaks the connection.

    `settle` is called once the answer is on its way. A client that asks without reading the answers is not read from.
    """

    def __init__(self, room: Room, respond: Respond, settle: Callable[[], object] | None) -> None:
        self._room = room
        self._limits = room.limits
        self._respond = respond
        self._settle = settle
        self._loop = asyncio.get_running_loop()
        self._parser = self._new_parser()
        self._waiting: deque[Request] = deque()
        self._request: Request | None = None
        self._reading_head = False
        self._head = 0
        self._body_length = 0
        self._deadline: asyncio.TimerHandle | None = None
        self._paused = False
        self._full = False  # the client does not read what it is sent
        self._busy = False  # an answer is on its way
        self._last = False  # nothing more is read from this client
        self.lost: asyncio.Future[None] = self._loop.create_future()

    # -- the transport ------------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport = cast(asyncio.Transport, transport)  # uvloop's is one, but does not say so by its type
        self._transport = transport
        self._sender = Sender(transport, self._loop)
        self._client = transport.get_extra_info("peername")[:2]
        self._server = transport.get_extra_info("sockname")[:2]
        self._room.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._room.connections.discard(self)
        self._sender.stop()
        for request in self._waiting:
            self._let_go(request)
        self._waiting.clear()
        self._forget_request()
        if not self.lost.done():
            self.lost.set_result(None)

    def data_received(self, data: bytes) -> None:
        if self._last:
            return
        if self._reading_head or self._request is None:
            self._head += len(data)
        try:
            self._feed(data)
        except httptools.HttpParserError as error:
            self._refuse(problem(400, "BadRequest", f"this is not HTTP/1.1: {error}"))
            return
        if (self._reading_head or self._request is None) and self._head > self._limits.head:
            detail = f"the limit of a request's head is {self._limits.head} octets"
            self._refuse(problem(431, "RequestHeaderFieldsTooLarge", detail))
            return
        if self._request is not None and self._request.awaits_continue and self._request.refusal is not None:
            self._refuse(self._request.refusal)  # in place of a body that could only be refused
            return
        if self._request is not None and self._deadline is None:
            self._deadline = self._loop.call_later(self._limits.request_seconds, self._too_slow)
        self._read_or_not()
        self._answer_next()

    def _feed(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            request = self._waiting[-1]
            if request.scope["method"] == "CONNECT" or request.refusal is not None:
                self._last = True  # the answer will say that no tunnel begins here
                return
            # Java's client asks for HTTP/2 with every request. We go on as though it had not (RFC 9110, 7.8), but
            # the parser has taken the body for another protocol: let it begin anew, without that header.
            self._waiting.pop()
            self._parser = self._new_parser()
            self._feed(head_without_upgrade(request.scope) + data[upgrade.args[0] :])

    def _new_parser(self) -> httptools.HttpRequestParser:
        parser = httptools.HttpRequestParser(self)
        # After `Connection: close` some clients send on; what they send is not looked at, the answer still goes out.
        parser.set_dangerous_leniencies(lenient_data_after_close=True)
        return parser

    def pause_writing(self) -> None:
        self._full = True
        self._read_or_not()

    def resume_writing(self) -> None:
        self._full = False
        self._read_or_not()
        self._answer_next()

    def hang_up(self) -> None:
        """Close once what is on its way has been sent."""
        self._last = True
        self._sender.stop()
        self._transport.close()

    def abort(self) -> None:
        self._transport.abort()

    # -- the parser ---------------------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        self._reading_head = True
        self._body_length = 0
        self._request = Request(
            {
                "type": "http",
                "asgi": {"version": "3.0"},
                "http_version": "1.1",
                "scheme": "http",
                "root_path": "",
                "headers": [],
                "client": self._client,
                "server": self._server,
                "raw_path": b"",
            },
            bytearray(),
        )

    def on_url(self, url: bytes) -> None:
        assert self._request is not None
        self._request.scope["raw_path"] += url

    def on_header(self, name: bytes, value: bytes) -> None:
        assert self._request is not None
        self._request.scope["headers"].append((name.lower(), value))

    def on_headers_complete(self) -> None:
        request = self._request
        assert request is not None
        self._reading_head, self._head = False, 0
        scope, version = request.scope, self._parser.get_http_version()
        scope["http_version"], scope["method"] = version, self._parser.get_method().decode("ascii")
        request.keep_alive = version == "1.1" and self._parser.should_keep_alive()
        take_apart(request)
        for name, value in scope["headers"]:
            if name == b"expect" and value.lower() == b"100-continue":
                request.awaits_continue = True
                self._go_ahead(request)

    def _go_ahead(self, request: Request) -> None:
        """Say so to a client that asks before it sends a body, in its turn; a body too long is refused at once."""
        length = next((value for name, value in request.scope["headers"] if name == b"content-length"), b"0")
        if int(length) > self._limits.body:
            request.refusal = self._limits.too_long(request.scope, self._limits.body)
        elif not self._busy and not self._waiting:
            request.awaits_continue = False
            self._transport.write(_CONTINUE)

    def on_body(self, chunk: bytes) -> None:
        request = self._request
        assert request is not None
        self._body_length += len(chunk)
        # What is too long is still read to its end: a client in the middle of sending would not see the answer.
        if request.refusal is not None:
            return
        if self._body_length > self._limits.body:
            self._let_go(request)
            request.refusal = self._limits.too_long(request.scope, self._limits.body)
        elif self._room.held + len(chunk) > self._limits.held:
            self._let_go(request)
            request.refusal = problem(503, "Busy", "too many long requests at once; try again when they are through")
        else:
            request.body += chunk
            self._room.held += len(chunk)

    def on_message_complete(self) -> None:
        assert self._request is not None
        self._waiting.append(self._request)
        self._request = None
        self._clear_deadline()

    # -- answers ------------------------------------------------------------------------------------------------------

    def _answer_next(self) -> None:
        if self._busy or self._full or not self._waiting or self._transport.is_closing():
            return
        request = self._waiting.popleft()
        self._busy = True
        body = bytes(request.body)
        self._let_go(request)  # a long body should not be there twice
        try:
            reply = request.refusal or self._respond(request.scope, body)
        except Refusal as refusal:
            self._sender.send(b"", refusal.line, self.abort)
            return
        last = not request.keep_alive or (self._last and not self._waiting)
        octets = reply.octets(last=last)
        if reply.line is WHOLE:
            self._transport.write(octets)
            self._sent(last)
        else:
            self._sender.send(octets, reply.line, lambda: self._sent(last))
        if self._settle is not None and request.refusal is None:
            self._settle()

    def _sent(self, last: bool) -> None:
        self._busy = False
        if last:
            self.hang_up()
        elif self._waiting:  # the others get their turn in between
            self._loop.call_soon(self._answer_next)
        elif self._request is not None and self._request.awaits_continue:
            self._go_ahead(self._request)
        self._read_or_not()

    def _read_or_not(self) -> None:
        """Read on only while the client reads, too, and its requests do not pile up."""
        paused = self._full or len(self._waiting) > _AHEAD
        if paused is not self._paused and not self._transport.is_closing():
            self._paused = paused
            (self._transport.pause_reading if paused else self._transport.resume_reading)()

    def _refuse(self, reply: Answer) -> None:
        """Answer what cannot be read on from after all that came before it, and hang up."""
        self._forget_request()
        self._last = True
        self._waiting.append(Request({}, bytearray(), keep_alive=False, refusal=reply))
        self._answer_next()

    def _too_slow(self) -> None:
        detail = f"the request was not here whole within {self._limits.request_seconds:g} s"
        self._refuse(problem(408, "RequestTimeout", detail))

    def _forget_request(self) -> None:
        if self._request is not None:
            self._let_go(self._request)
            self._request = None
        self._clear_deadline()

    def _let_go(self, request: Request) -> None:
        self._room.held -= len(request.body)
        request.body = bytearray()

    def _clear_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
