"""What a world to be made is: who keeps which holidays, whose credentials it has, how its services are set up."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field

from emulators.mail.server import Logins
from emulators.post.profile import Delivery
from emulators.services import Services
from emulators.sms.smpp.account import Rules
from emulators.sms.smpp.codes import Status
from emulators.sms.smpp.receipt import Dialect

from .models import Body, Integral, Land, Moment, WorldName

_Seconds = Annotated[int, Field(ge=1, le=86_400), Integral]
_Count = Annotated[int, Field(ge=1, le=10_000), Integral]
_TOO_MANY: dict[Literal["throttled", "queue_full"], Status] = {
    "throttled": Status.RTHROTTLED,
    "queue_full": Status.RMSGQFUL,
}


class ReceiptDialect(Body):
    """How the SMS centre writes its receipts: digits of its dates, its last word, its ids, what it leaves out."""

    date_digits: Annotated[Literal[10, 12], Integral] = 10
    text_label: Literal["text", "Text"] = "text"
    answer_id: Literal["hex", "decimal"] = "hex"
    receipt_id: Literal["hex", "decimal"] = "hex"
    sub: bool = True
    tlvs: bool = True


class SmppService(Body):
    """An SMPP account. Seconds are the world's: they pass as its clock does."""

    window: Annotated[_Count, Field(description="submissions that may be unanswered")] = 100
    over_window: Annotated[
        Literal["throttled", "queue_full"], Field(description="the answer to one more: 0x58 or 0x14")
    ] = "throttled"
    sessions: Annotated[_Count, Field(description="sessions bound at once")] = 100
    deliveries: Annotated[_Count, Field(description="deliver_sm sent ahead of their answers")] = 100
    tries: Annotated[_Count, Field(description="of a delivery that is answered with a temporary error")] = 3
    retry_seconds: Annotated[_Seconds, Field(description="between two of them")] = 60
    keep: Annotated[_Count, Field(description="deliveries that wait for a session; the oldest make room")] = 10_000
    enquire_seconds: Annotated[_Seconds | None, Field(description="from one enquire_link to the next")] = None
    idle_seconds: Annotated[_Seconds | None, Field(description="of silence, then the session is ended")] = None
    receipts: ReceiptDialect = ReceiptDialect()

    def rules(self) -> Rules:
        return Rules(
            window=self.window,
            over_window=_TOO_MANY[self.over_window],
            sessions=self.sessions,
            deliveries=self.deliveries,
            tries=self.tries,
            retry_after=timedelta(seconds=self.retry_seconds),
            keep=self.keep,
            enquire_every=_delay(self.enquire_seconds),
            idle_after=_delay(self.idle_seconds),
            dialect=Dialect(**self.receipts.model_dump()),
        )


class NewServices(Body):
    """How a world's services are set up by those who run them, where there is a choice."""

    letter_delivery: Annotated[
        Delivery,
        Field(description="how long letters take: two working days, or as the law before or since 2025 has it"),
    ] = "fixed"
    mail_logins: Annotated[Logins, Field(description="who may send mail: anybody, or the world's own user")] = "any"
    smpp: SmppService = SmppService()

    def made(self) -> Services:
        return Services(self.letter_delivery, self.mail_logins, self.smpp.rules())


class NewWorld(Body):
    """A world to be made. `account_of` names a world whose credentials it shares; then the recipient decides.

    What says no recipient, such as an SMPP session or a list of all messages, is for the world that had the account
    first, unless `/worlds/NAME` stands in front of its path.
    """

    name: WorldName
    seed: Annotated[int, Field(ge=0, le=2**53), Integral] = 0
    start: Moment | None = None
    land: Annotated[Land | None, Field(description="whose holidays the insurer's office keeps")] = None
    account_of: WorldName | None = None
    services: NewServices = NewServices()


def _delay(seconds: int | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)
