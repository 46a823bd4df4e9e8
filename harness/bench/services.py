"""How fast the services are: text messages, mail, letters, worlds; beside the peers that this machine can run.

All servers are asked by the same load generator, in turns, in one run.
"""

from __future__ import annotations

import statistics
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from email.message import EmailMessage
from email.policy import SMTP
from urllib.parse import urlencode, urlsplit

from starlette.types import Receive, Scope, Send

from emulators.host.garbage import Garbage
from emulators.mail.doors import SmtpDoor
from emulators.post.order import LetterOrder
from emulators.sms.callback import signed_request, status_form
from emulators.sms.message import SmsOrder
from emulators.sms.smpp.doors import smpp_door
from emulators.wire.http import HttpDoor
from emulators.wire.loop import BackgroundLoop
from emulators.world import World
from harness.bench import Figure, Measurement, Unmeasured, load, peers, seconds
from harness.bench.load import Load
from harness.bench.peers import Absent
from harness.reference.insurer.print import print_letter

TEXT = "Ihre TAN lautet 483921. Geben Sie sie niemandem weiter."
SENDER = "TESTKASSE"
_ROUNDS = 3
_LETTERS = 200
_LONGEST_WARM_UP = 5  # rounds
_WHAT = "SMS by REST, 16 clients"
_SMPP = "SMPP, one session, window 10, with receipts"
_SNS = {"Action": "Publish", "Version": "2010-03-31", "Message": TEXT}
_SNS_SCOPE = "AWS4-HMAC-SHA256 Credential=TEST/20210323/eu-central-1/sns/aws4_request, SignedHeaders=host, Signature=0"


def measure(full: bool) -> Iterator[Figure]:
    """All figures of the services; with `full` more rounds of each."""
    rounds = 2 * _ROUNDS + 1 if full else _ROUNDS
    yield _worlds()
    garbage = Garbage()  # as `pruefstand serve` does
    garbage.start()
    try:
        yield _letters()
        yield from _mails()
        yield from _receipts(rounds)
        yield from _messages(rounds)
        yield from _reported()
    finally:
        garbage.stop()


def _worlds() -> Measurement:
    took = seconds(World, 300) * 1e3
    return Measurement("a new isolated world", took, "ms", "< 1 ms", took < 1)


class Gateway:
    """A gateway on a socket whose world goes on by itself: each message reaches its handset."""

    def __init__(self, *, signing: bool = False) -> None:
        self.world = World(1)
        self.to = self.world.settle_in("person", "adult").mobile
        self._loop = BackgroundLoop("bench")
        sms, physics = self.world.sms, self.world.physics
        sample = sms.submit(SmsOrder(self.to, SENDER, TEXT))
        form = status_form(sample)

        def settle() -> None:
            physics.happen()
            if signing:  # of the two callbacks that a message delivered has, for "sent" and "delivered"
                for _ in range(2):
                    signed_request(sms.auth_token, "https://insurer.example/status", form)

        self._door = HttpDoor("sms", sms.app, physics.lock, settle=settle)

    def __enter__(self) -> Gateway:
        self.port = urlsplit(self._door.open(self._loop)).port or 0
        return self

    def __exit__(self, *_: object) -> None:
        self._door.close()
        self._loop.stop()

    def request(self, **more: str) -> bytes:
        """A create request as it goes over the wire."""
        sms = self.world.sms
        login = b64encode(f"{sms.account_sid}:{sms.auth_token}".encode()).decode()
        path = f"/2010-04-01/Accounts/{sms.account_sid}/Messages.json"
        return _form_request(path, {"To": self.to, "From": SENDER, "Body": TEXT, **more}, f"Basic {login}")

    def delivered(self) -> int:
        """How many messages have reached their handset, by the journal."""
        return sum(1 for _ in self.world.journal.named("sms", "delivered"))


def _form_request(path: str, fields: dict[str, str], authorization: str) -> bytes:
    form = urlencode(fields).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {authorization}\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(form)}\r\n\r\n"
    )
    return head.encode() + form


_PEERS: dict[str, Callable[[], AbstractContextManager[int]]] = {
    "WireMock, journal and templating": peers.wiremock,
    "mountebank, one stub, recording": peers.mountebank,
    "moto, SNS": peers.moto,
}


def _messages(rounds: int) -> Iterator[Figure]:
    """Ours and each peer that runs, in turns; the medians of the rounds."""
    with ExitStack() as stack:
        gateway = stack.enter_context(Gateway(signing=True))
        asked = {"ours": (gateway.port, gateway.request())}
        for name, start in _PEERS.items():
            try:
                port = stack.enter_context(start())
            except Absent as absent:
                yield Unmeasured(f"{_WHAT}: {name}", str(absent))
                continue
            sns = _form_request("/", {**_SNS, "PhoneNumber": gateway.to}, _SNS_SCOPE)
            asked[name] = port, sns if name.startswith("moto") else gateway.request()
        for port, request in asked.values():
            _warm_up(port, request)
        runs: dict[str, list[Load]] = {name: [] for name in asked}
        for _ in range(rounds):
            for name, (port, request) in asked.items():
                runs[name].append(load.http(port, request, seconds=2.0))
        answered = sum(run.rate for run in runs["ours"])
        if not gateway.delivered() > answered:  # 2 s each
            raise RuntimeError("messages were answered that never reached the handset")
    ours = _median(runs.pop("ours"))
    what = f"{_WHAT}: created, signed, delivered, journalled"
    yield Measurement(what, ours.rate, "/s", "≥ 5,000 /s", ours.rate >= 5000)
    yield Measurement(f"{_WHAT}: the slowest hundredth", ours.p99, "ms")
    for name, loads in runs.items():
        theirs = _median(loads)
        yield Measurement(f"{_WHAT}: {name}", theirs.rate, "/s")
        ratio = ours.rate / theirs.rate
        yield Measurement(f"{_WHAT}: ours against {name.partition(',')[0]}", ratio, "times", "> 1", ratio > 1)


def _warm_up(port: int, request: bytes) -> None:
    """Until it gets no faster by a tenth: a virtual machine that compiles as it goes takes its time."""
    before, grown = 0.0, 0
    for _ in range(_LONGEST_WARM_UP):
        rate = load.http(port, request, seconds=2.0).rate
        grown = 0 if rate > 1.1 * before else grown + 1
        if grown == 2:
            return
        before = max(before, rate)


def _median(loads: list[Load]) -> Load:
    return Load(
        statistics.median(load.rate for load in loads),
        statistics.median(load.p50 for load in loads),
        statistics.median(load.p99 for load in loads),
        statistics.median(load.receipts for load in loads),
    )


def _reported() -> Iterator[Measurement]:
    """With status callbacks that somebody really takes: they go out one by one, behind the messages."""
    with Gateway() as gateway, BackgroundLoop("sink") as loop:
        door = HttpDoor("sink", _sink, gateway.world.physics.lock)
        with ExitStack() as stack:
            url = door.open(loop)
            stack.callback(door.close)
            run = load.http(gateway.port, gateway.request(StatusCallback=f"{url}/status"), seconds=2.0)
            posted = sum(1 for _ in gateway.world.journal.named("sms", "callback")) / 2.0
        yield Measurement(f"{_WHAT}: created while callbacks go out", run.rate, "/s")
        yield Measurement(f"{_WHAT}: callbacks posted meanwhile", posted, "/s")


def _receipts(rounds: int) -> Iterator[Figure]:
    """Over SMPP: every message is journalled, reaches its handset, and its receipt is taken. The peer in turns."""
    world, loop = World(1), BackgroundLoop("bench")
    to, sms = world.settle_in("person", "adult").mobile, world.sms
    door = smpp_door("smpp", lambda system_id: sms.smpp_account if system_id == sms.smpp_system_id else None)
    submit = load.submit_sm(SENDER, to.removeprefix("+"), TEXT)
    runs: dict[str, list[Load]] = {}
    with ExitStack() as stack:
        stack.callback(loop.stop)
        ports = {"ours": urlsplit(door.open(loop)).port or 0}
        stack.callback(door.close)
        try:
            ports["smpp34"] = stack.enter_context(peers.smpp34())
        except Absent as absent:
            yield Unmeasured(f"{_SMPP}: smpp34", str(absent))
        for count in (2_000, *[10_000] * rounds):
            for name, port in ports.items():
                run = load.smpp(port, sms.smpp_system_id, sms.smpp_password, submit, window=10, count=count)
                runs.setdefault(name, []).append(run)
    ours = _median(runs["ours"][1:])
    yield Measurement(_SMPP, ours.rate, "/s", "≥ 30,000 /s", ours.rate >= 30_000)
    yield Measurement("SMPP: the slowest hundredth", ours.p99, "ms")
    if "smpp34" in runs:
        theirs = _median(runs["smpp34"][1:])
        yield Measurement(f"{_SMPP}: smpp34, core in Rust", theirs.rate, "/s")
        yield Measurement("SMPP: ours against smpp34", ours.rate / theirs.rate, "times", "> 1", ours.rate > theirs.rate)


def _mails() -> Iterator[Figure]:
    """One connection that is kept; ours delivers and journals, the sink only keeps."""
    world, loop = World(1), BackgroundLoop("bench")
    to, mail = world.settle_in("person", "adult").email, world.mail
    content = _mail(to)
    door = SmtpDoor("mail", lambda *_: mail, mail.certificates, lambda server: server.physics.happen())
    runs: dict[str, list[Load]] = {"ours": [], "aiosmtpd": []}
    with peers.mail_sink() as sink:
        try:
            ports = {"ours": urlsplit(door.open(loop)).port or 0, "aiosmtpd": sink}
            for _ in range(_ROUNDS):
                for name, port in ports.items():
                    runs[name].append(load.smtp(port, content, "kasse@insurer.example", to, seconds=1.5))
        finally:
            door.close()
            loop.stop()
    ours, theirs = _median(runs["ours"]), _median(runs["aiosmtpd"])
    what = "mails over one connection"
    yield Measurement(f"{what}: delivered and journalled", ours.rate, "/s", "≥ 1,000 /s", ours.rate >= 1000)
    yield Measurement(f"{what}: aiosmtpd as a sink", theirs.rate, "/s")
    yield Measurement(f"{what}: ours against aiosmtpd", ours.rate / theirs.rate, "times")


def _mail(to: str) -> bytes:
    """A mail as insurers send it, text and HTML, with a link."""
    message = EmailMessage()
    message["From"], message["To"] = "Testkasse <kasse@insurer.example>", to
    message["Subject"] = "Bestätigen Sie Ihre E-Mail-Adresse"
    link = "https://insurer.example/confirm?token=TEST-ONLY-0123456789abcdef&source=mail"
    message.set_content(f"Guten Tag,\n\nbitte bestätigen Sie: {link}\n")
    message.add_alternative(f'<p>Guten Tag,</p><p><a href="{link}">Bestätigen</a></p>' * 10, subtype="html")
    return message.as_bytes(policy=SMTP)


def _letters() -> Measurement:
    """From the PDF to a stored letter whose address was read from the window; each letter is another one."""
    world = World(1)
    person = world.settle_in("person", "adult")
    recipient, today = (person.full_name, *person.address.lines()), world.clock.now.date()
    pdfs = [
        print_letter("Testkasse · 12345 Musterstadt", recipient, today, "Ihr Code", f"Ihr Code lautet {n:06}.")
        for n in range(_LETTERS + 1)
    ]
    waiting = iter(pdfs)

    def submit() -> None:
        letter = world.post.submit(LetterOrder(next(waiting), "code.pdf"))
        if letter.problems and any(problem.level == "Error" for problem in letter.problems):
            raise RuntimeError(f"the letter was refused: {letter.problems}")

    took = seconds(submit, _LETTERS) * 1e3
    return Measurement("a letter: PDF in, window read, stored", took, "ms", "< 5 ms", took < 5)


async def _sink(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})
