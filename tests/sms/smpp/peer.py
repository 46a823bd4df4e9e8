"""A client of the SMS centre in process: it keeps what the session says and speaks with the codec's other side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Any

from emulators.core.clock import DEFAULT_START
from emulators.core.physics import Physics
from emulators.sms.gateway import SmsGateway
from emulators.sms.smpp.account import Rules, SmppAccount
from emulators.sms.smpp.bodies import Bind, MessageIdResp, ShortMessage
from emulators.sms.smpp.codes import RESPONSE, Command, Status
from emulators.sms.smpp.faults import FAULTS
from emulators.sms.smpp.framer import Framer, Pdu
from emulators.sms.smpp.pdu import decode, encode, pdu
from emulators.sms.smpp.session import SmppSession
from emulators.wire.line import Line as Bent

NUMBER = "491713920000"
SENDER = "Musterkasse"


class Line:
    """A wire that goes nowhere."""

    def __init__(self) -> None:
        self.octets = b""
        self.end = ""

    def send(self, data: bytes) -> None:
        if not self.end:
            self.octets += data

    def close(self) -> None:
        self.end = self.end or "closed"

    def reset(self) -> None:
        self.end = self.end or "reset"

    def over(self, line: Bent) -> AbstractContextManager[None]:
        raise NotImplementedError("lines that fail are for real sockets")

    def take(self) -> bytes:
        said, self.octets = self.octets, b""
        return said


class Centre:
    """A world with a gateway, an account, and one handset that gets what is sent to `NUMBER`."""

    def __init__(self, rules: Rules | None = None, seed: int = 4711, start: datetime = DEFAULT_START) -> None:
        self.physics = Physics(seed, start)
        self.gateway = SmsGateway(self.physics)
        self.physics.faults.declare("sms", {**self.gateway.faults, **FAULTS})
        self.account = SmppAccount(self.gateway, rules)
        self.handset = self.gateway.handset(f"+{NUMBER}")

    def find(self, system_id: str) -> SmppAccount | None:
        return self.account if system_id == self.account.system_id else None

    def client(self, command: Command | None = Command.BIND_TRANSCEIVER) -> Client:
        """A client, bound unless `command` is `None`."""
        client = Client(self)
        if command is not None:
            (answer,) = client.ask(command, encode(client.credentials))
            assert answer.status == Status.ROK
        return client

    def arm(self, kind: str, nth: int = 1, **parameters: Any) -> None:
        self.physics.faults.arm("sms", f"smpp_{kind}", parameters, nth=nth)

    def events(self, event: str) -> list[Mapping[str, Any]]:
        return [entry.data for entry in self.physics.journal.named("sms", f"smpp.{event}")]


class Client:
    """One end of a session; `hear` returns what came since."""

    def __init__(self, centre: Centre) -> None:
        self.centre = centre
        self.line = Line()
        self.framer = Framer()
        self.session = SmppSession(self.line, centre.find)
        self.sequence = 0

    @property
    def credentials(self) -> Bind:
        return Bind(self.centre.account.system_id, self.centre.gateway.smpp_password)

    def hear(self) -> list[Pdu]:
        return list(self.framer.feed(self.line.take()))

    def ask(self, command: int, body: bytes = b"") -> list[Pdu]:
        """Send a request; returns what the server says at once."""
        self.sequence += 1
        self.session.receive(pdu(command, self.sequence, body))
        return self.hear()

    def submit(self, text: bytes = b"Ihre TAN: 123456", **fields: Any) -> Pdu:
        """Send a submit_sm; returns the one answer."""
        (answer,) = self.ask(Command.SUBMIT_SM, encode(message(text, **fields)))
        return answer

    def deliveries(self, *, status: int = 0, days: float = 0) -> list[ShortMessage]:
        """Let the world go on; returns each deliver_sm, answered with `status`."""
        self.centre.physics.advance_to(self.centre.physics.clock.now + timedelta(days=days))
        return list(self._answered(status))

    def _answered(self, status: int) -> Iterator[ShortMessage]:
        while heard := self.hear():
            for one in heard:
                assert one.command == Command.DELIVER_SM
                self.session.receive(pdu(one.command | RESPONSE, one.sequence, encode(MessageIdResp()), status))
                yield decode(ShortMessage, one.body)


def inbox(centre: Centre) -> list[str]:
    """The texts on the handset, the oldest first."""
    return [text.body for text in centre.handset.inbox]


def message(text: bytes = b"Ihre TAN: 123456", **fields: Any) -> ShortMessage:
    """A submission to `NUMBER` that asks for a receipt."""
    fields = {"registered_delivery": 1, "destination_addr": NUMBER, "source_addr": SENDER, **fields}
    return ShortMessage(source_addr_ton=5, dest_addr_ton=1, dest_addr_npi=1, short_message=text)._replace(**fields)


def message_id(answer: Pdu) -> str:
    assert answer.status == Status.ROK
    return decode(MessageIdResp, answer.body).message_id
