"""The load generator: one job in a process of its own, the same for us and for every peer.

`python -m harness.bench.load JOB` takes a job as JSON and answers with a `Load` as JSON. It speaks no more of a
protocol than it must, so that it is not what is measured: a few connections, requests that were made before.
"""

from __future__ import annotations

import asyncio
import json
import re
import socket
import struct
import subprocess
import sys
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import asdict, dataclass
from time import perf_counter
from typing import Any, cast

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_CHUNKED = re.compile(rb"transfer-encoding: *chunked", re.IGNORECASE)
_CLOSE = re.compile(rb"connection: *close", re.IGNORECASE)
_SUBMIT_SM_RESP, _DELIVER_SM, _DELIVER_SM_RESP = 0x80000004, 0x00000005, 0x80000005


@dataclass(frozen=True, slots=True)
class Load:
    """What one run came to: answers a second, how long the median and the slowest hundredth took, in ms."""

    rate: float
    p50: float
    p99: float
    receipts: float = 0.0


def http(port: int, request: bytes, *, connections: int = 16, seconds: float = 3.0) -> Load:
    """That request again and again over connections kept alive. Raises `RuntimeError` for an answer other than 2xx."""
    return _apart("http", port, request=b64encode(request).decode(), connections=connections, seconds=seconds)


def smtp(port: int, mail: bytes, sender: str, to: str, *, seconds: float = 3.0) -> Load:
    """That mail again and again over one connection, a command at a time."""
    return _apart("smtp", port, mail=b64encode(mail).decode(), sender=sender, to=to, seconds=seconds)


def smpp(port: int, user: str, password: str, submit: bytes, *, window: int = 10, count: int = 20_000) -> Load:
    """`count` messages over one session with at most `window` unanswered, until every receipt has come in."""
    body = b64encode(submit).decode()
    return _apart("smpp", port, user=user, password=password, submit=body, window=window, count=count)


def _apart(kind: str, port: int, **job: object) -> Load:
    program = (sys.executable, "-m", "harness.bench.load", json.dumps({"kind": kind, "port": port, **job}))
    told = subprocess.run(program, check=False, capture_output=True, text=True, timeout=120)
    if told.returncode != 0:
        raise RuntimeError(told.stderr.strip().splitlines()[-1] if told.stderr.strip() else "the load generator died")
    return Load(**json.loads(told.stdout))


def _loaded(taken: list[float], began: float, receipts: int = 0) -> Load:
    spent = perf_counter() - began
    taken.sort()
    middle, late = taken[len(taken) // 2], taken[len(taken) * 99 // 100]
    return Load(len(taken) / spent, middle * 1e3, late * 1e3, receipts / spent)


class _Asking(asyncio.Protocol):
    """One HTTP client: asks, waits for the answer, asks again until it is time to stop.

    Where a server closes the connection after each answer it dials anew, as a client must.
    """

    def __init__(self, port: int, request: bytes, until: float, taken: list[float]) -> None:
        self._port, self._request, self._until, self._taken = port, request, until, taken
        self._got = b""
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._ask()

    def _ask(self) -> None:
        self._asked = perf_counter()
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._got = self._got + data if self._got else data
        end = self._got.find(b"\r\n\r\n")
        if end < 0 or not _is_whole(self._got, end):
            return
        now = perf_counter()
        self._taken.append(now - self._asked)
        if self._got[9:10] != b"2":
            self._end(RuntimeError(f"answered {self._got[:300]!r}"))
        elif now >= self._until:
            self._end(None)
        elif _CLOSE.search(self._got, 0, end):  # what is asked now might never be answered
            self._got = b""
            self._transport.close()
        else:
            self._got = b""
            self._ask()

    def connection_lost(self, exc: Exception | None) -> None:
        if self.done.done():
            return
        if self._got:
            self._end(ConnectionError("the server hung up in the middle of an answer"))
            return
        self._dialling = asyncio.get_running_loop().create_task(self.dial())

    async def dial(self) -> None:
        await asyncio.get_running_loop().create_connection(lambda: self, "127.0.0.1", self._port)

    def _end(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_result(None) if error is None else self.done.set_exception(error)
            self._transport.close()


def _is_whole(answer: bytes, end: int) -> bool:
    length = _LENGTH.search(answer, 0, end)
    if length is not None:
        return len(answer) >= end + 4 + int(length[1])
    return answer.endswith(b"0\r\n\r\n") if _CHUNKED.search(answer, 0, end) else True


async def _http(port: int, request: str, connections: int, seconds: float) -> Load:
    taken, octets, began = list[float](), b64decode(request), perf_counter()
    asking = [_Asking(port, octets, began + seconds, taken) for _ in range(connections)]
    for client in asking:
        await client.dial()
    await asyncio.gather(*(client.done for client in asking))
    return _loaded(taken, began)


def _smtp(port: int, mail: str, sender: str, to: str, seconds: float) -> Load:
    content = b64decode(mail) + b"\r\n.\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=30) as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        reader = line.makefile("rb")

        def expect(code: bytes) -> None:
            while (reply := reader.readline())[3:4] == b"-":
                pass
            if reply[:3] != code:
                raise RuntimeError(f"expected {code!r}, the server says {reply!r}")

        expect(b"220")
        line.sendall(b"EHLO bench.example\r\n")
        expect(b"250")
        taken, began = list[float](), perf_counter()
        while (asked := perf_counter()) < began + seconds:
            for command, code in ((f"MAIL FROM:<{sender}>", b"250"), (f"RCPT TO:<{to}>", b"250"), ("DATA", b"354")):
                line.sendall(f"{command}\r\n".encode())
                expect(code)
            line.sendall(content)
            expect(b"250")
            taken.append(perf_counter() - asked)
        return _loaded(taken, began)


def _smpp(port: int, user: str, password: str, submit: str, window: int, count: int) -> Load:
    body = b64decode(submit)
    header = struct.Struct(">IIII")
    sent, receipts, taken, asked = 0, 0, list[float](), [0.0] * (count + 1)

    def further(now: float) -> bytes:
        """One more submit_sm; its sequence number is the place of its time."""
        nonlocal sent
        sent += 1
        asked[sent] = now
        return header.pack(16 + len(body), 4, 0, sent) + body

    with socket.create_connection(("127.0.0.1", port), timeout=30) as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        bind = b"\0".join((user.encode(), password.encode(), b"")) + b"\0\x34\0\0\0"
        line.sendall(header.pack(16 + len(bind), 9, 0, 1) + bind)
        if (status := header.unpack_from(line.recv(262_144))[2]) != 0:
            raise RuntimeError(f"the bind was answered with status {status:#x}")
        began = now = perf_counter()
        line.sendall(b"".join(further(now) for _ in range(min(window, count))))
        got = b""
        while len(taken) < count or receipts < count:
            got += line.recv(262_144)
            now = perf_counter()
            at, out = 0, []
            while len(got) - at >= 16:
                length, command, status, sequence = header.unpack_from(got, at)
                if len(got) - at < length:
                    break
                at += length
                if command == _DELIVER_SM:
                    receipts += 1
                    out.append(header.pack(17, _DELIVER_SM_RESP, 0, sequence) + b"\0")
                elif command != _SUBMIT_SM_RESP or status:
                    raise RuntimeError(f"command {command:#x} came with status {status:#x}")
                else:
                    taken.append(now - asked[sequence])
                    if sent < count:
                        out.append(further(now))
            got = got[at:]
            line.sendall(b"".join(out))
        return _loaded(taken, began, receipts)


def submit_sm(sender: str, to: str, text: str) -> bytes:
    """The body of a submit_sm that asks for a receipt: ESM class, protocol and priority 0, alphabet of the SMSC."""
    octets = text.encode("ascii")
    addresses = b"\0\x05\0" + sender.encode() + b"\0\x01\x01" + to.encode() + b"\0"
    return addresses + b"\0\0\0\0\0\x01\0\0\0" + bytes([len(octets)]) + octets


_KINDS: dict[str, Callable[..., Any]] = {"http": _http, "smtp": _smtp, "smpp": _smpp}


def _work(job: dict[str, Any]) -> Load:
    result = _KINDS[job.pop("kind")](**job)
    if not asyncio.iscoroutine(result):
        return cast(Load, result)
    try:
        import uvloop
    except ImportError:
        return cast(Load, asyncio.run(result))
    return cast(Load, uvloop.run(result))


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asdict(_work(json.loads(sys.argv[1])))))
