"""Peers of the emulated services: WireMock, mountebank and moto as HTTP servers, smpp34, aiosmtpd as a sink for mail.

The first four are installed when first needed, into a folder of their own in the user's cache
(`$XDG_CACHE_HOME/pruefstand/peers`); what cannot be installed is left out with the reason.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import venv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic, sleep
from urllib.error import URLError
from urllib.request import Request, urlopen

_WIREMOCK, _MOUNTEBANK, _MOTO = "wiremock@3.13.2", "@mbtest/mountebank@2.9.2", "moto[server]==5.2.5"
_SMPP34 = "smpp34==1.5.0"
_PATIENCE = 60.0  # seconds for a peer to be up
_MESSAGE = {
    "sid": "SM00000000000000000000000000000000",
    "status": "queued",
    "to": "+4917139200",
    "from": "Kasse",
    "num_segments": "1",
    "error_code": None,
    "direction": "outbound-api",
    "uri": "/2010-04-01/Accounts/AC/Messages/SM.json",
}
_SINK = """
import asyncio, sys
from aiosmtpd.smtp import SMTP
class Sink:
    def __init__(self):
        self.mails = []
    async def handle_DATA(self, server, session, envelope):
        self.mails.append(envelope.content)
        return "250 OK"
async def main():
    sink, loop = Sink(), asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(sink, hostname="sink.example"), "127.0.0.1", int(sys.argv[1]))
    await server.serve_forever()
asyncio.run(main())
"""

# Its readme's server, with a receipt for each message; those are on their way side by side.
_SMPP_CENTRE = """
import asyncio, sys
import smpp34
DONE = "submit date:2103230900 done date:2103230900 stat:DELIVRD err:000 text:"
async def main():
    server = smpp34.Server(host="127.0.0.1", port=int(sys.argv[1]), system_id="peer")
    await server.start()
    sessions, under_way, count = {}, set(), 0
    while True:
        event = await server.next()
        if isinstance(event, smpp34.Esme):
            sessions[event.session_id] = event
        elif isinstance(event, smpp34.SubmitSmEvent):
            count += 1
            message_id = f"{count:016x}"
            event.accept(message_id=message_id)
            line = f"id:{message_id} sub:001 dlvrd:001 " + DONE
            sending = asyncio.ensure_future(sessions[event.session_id].deliver_sm(
                source_addr=event.destination_addr, destination_addr=event.source_addr,
                esm_class=4, short_message=line.encode() + event.short_message[:20]))
            under_way.add(sending)
            sending.add_done_callback(under_way.discard)
asyncio.run(main())
"""


class Absent(Exception):
    """A peer that does not run on this machine; the text says why."""


@contextmanager
def wiremock() -> Iterator[int]:
    """WireMock with journal and templating, which answers a posted message; yields its port. Raises `Absent`."""
    java = _program("java", "apt-get install default-jre-headless")
    jar = next((_npm(_WIREMOCK) / "node_modules" / "wiremock" / "build").glob("*.jar"))
    port = _free_port()
    body = json.dumps(_MESSAGE).replace("SM0000000", "SM{{randomValue length=32 type='HEXADECIMAL'}}", 1)
    templated = body.replace('"+4917139200"', "\"{{formData request.body 'form' urlDecode=true}}{{form.To}}\"")
    stub = {
        "request": {"method": "POST", "urlPathPattern": "/2010-04-01/Accounts/[^/]+/Messages\\.json"},
        "response": {
            "status": 201,
            "body": templated,
            "headers": {"Content-Type": "application/json"},
            "transformers": ["response-template"],
        },
    }
    with TemporaryDirectory() as folder:  # where it makes folders of its own
        command = (java, "-Xmx1g", "-jar", str(jar), "--port", str(port), "--disable-banner", "--root-dir", folder)
        with _running(command, port):
            _post(f"http://127.0.0.1:{port}/__admin/mappings", stub)
            yield port


@contextmanager
def mountebank() -> Iterator[int]:
    """mountebank with one imposter that records requests; yields its port. Raises `Absent`."""
    node = _program("node", "apt-get install nodejs")
    program = _npm(_MOUNTEBANK) / "node_modules" / ".bin" / "mb"
    port, imposter = _free_port(), _free_port()
    stub = {
        "predicates": [{"equals": {"method": "POST"}}, {"matches": {"path": "^/2010-04-01/Accounts/[^/]+/Messages"}}],
        "responses": [
            {"is": {"statusCode": 201, "headers": {"Content-Type": "application/json"}, "body": json.dumps(_MESSAGE)}}
        ],
    }
    with _running((node, str(program), "start", "--port", str(port), "--nologfile", "--loglevel", "error"), port):
        told = {"port": imposter, "protocol": "http", "recordRequests": True, "stubs": [stub]}
        _post(f"http://127.0.0.1:{port}/imposters", told)
        yield imposter


@contextmanager
def moto() -> Iterator[int]:
    """moto's server, whose SNS sends text messages; yields its port. Raises `Absent`."""
    port = _free_port()
    with _running((str(_pip(_MOTO) / "moto_server"), "-H", "127.0.0.1", "-p", str(port)), port):
        yield port


@contextmanager
def smpp34() -> Iterator[int]:
    """smpp34, an SMS centre with its core in Rust, which sends a receipt for each message; yields its port. Raises
    `Absent`."""
    port = _free_port()
    with _running((str(_pip(_SMPP34) / "python"), "-c", _SMPP_CENTRE, str(port)), port):
        yield port


@contextmanager
def mail_sink() -> Iterator[int]:
    """aiosmtpd on a plain asyncio loop, which keeps what it gets and no more; yields its port."""
    port = _free_port()
    with _running((sys.executable, "-c", _SINK, str(port)), port):
        yield port


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "pruefstand" / "peers"


def _program(name: str, remedy: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise Absent(f"no {name}: {remedy}")
    return found


def _npm(package: str) -> Path:
    """The folder in which the package is installed."""
    npm = _program("npm", "apt-get install npm")
    folder = _cache() / package.rpartition("@")[0].rpartition("/")[2]
    if not (folder / "node_modules").exists():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_text('{"private": true}', encoding="ascii")
        _install((npm, "install", "--prefix", str(folder), "--no-audit", "--no-fund", "--ignore-scripts", package))
    return folder


def _pip(package: str) -> Path:
    """The folder of the programs of an environment in which the package is installed."""
    folder = _cache() / re.split(r"[\[=]", package)[0]
    ready = folder / f".{package}"
    if not ready.exists():
        venv.create(folder, with_pip=True, clear=True)
        _install((str(folder / "bin" / "pip"), "install", "--quiet", package))
        ready.touch()
    return folder / "bin"


def _install(command: Sequence[str]) -> None:
    told = subprocess.run(command, check=False, capture_output=True, text=True)
    if told.returncode != 0:
        lines = told.stderr.strip().splitlines() or ["no reason given"]
        raise Absent(f"{' '.join(command)}: {lines[-1]}")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


@contextmanager
def _running(command: Sequence[str], port: int) -> Iterator[None]:
    """The program, from when it listens to the end of the block."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = monotonic() + _PATIENCE
        while not _listens(port):
            if process.poll() is not None or monotonic() > deadline:
                raise Absent(f"{command[0]} does not come up")
            sleep(0.05)
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _post(url: str, content: object) -> None:
    request = Request(url, json.dumps(content).encode(), {"Content-Type": "application/json"})
    try:
        with urlopen(request, timeout=30):
            pass
    except URLError as error:
        raise Absent(f"{url}: {error}") from error
