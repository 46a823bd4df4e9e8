"""Twilio's Messages resource as it is answered, and the error body.

The types are the ones of the description (`rest_openapi`). Source: Twilio's OpenAPI description `twilio_api_v2010`,
`api.v2010.account.message`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict  # pydantic reads these for the description, and takes no other before 3.12

from .callback import API_VERSION
from .errors import Rejected
from .message import Message, Status

if TYPE_CHECKING:
    from .gateway import SmsGateway

PREFIX = f"/{API_VERSION}/Accounts/"
PAGE_SIZE, MAX_PAGE_SIZE, MAX_PAGE = 50, 1000, 999_999

ACCOUNT_SID, MESSAGE_SID, SERVICE_SID = (f"^{kind}[0-9a-f]{{32}}$" for kind in ("AC", "SM", "MG"))
"""What a SID looks like here. Twilio's have the same shape."""

AccountSid = Annotated[str, Field(pattern=ACCOUNT_SID)]
MessageSid = Annotated[str, Field(pattern=MESSAGE_SID)]
ServiceSid = Annotated[str, Field(pattern=SERVICE_SID)]
Rfc2822 = Annotated[str, Field(description="RFC 2822, in UTC", examples=["Tue, 23 Mar 2021 08:00:00 +0000"])]
Digits = Annotated[str, Field(pattern="^[0-9]+$")]
Outcome = Literal["confirmed", "unconfirmed"]


class SubresourceUris(TypedDict):
    media: str


MessageResource = TypedDict(
    "MessageResource",
    {
        "body": str,
        "num_segments": Digits,
        "direction": Literal["inbound", "outbound-api"],
        "from": str,
        "date_updated": Rfc2822,
        "price": Annotated[str, Field(description="US dollars, negative: what was charged")] | None,
        "error_message": str | None,
        "uri": str,
        "account_sid": AccountSid,
        "num_media": Literal["0"],
        "to": str,
        "date_created": Rfc2822,
        "status": Status,
        "sid": MessageSid,
        "date_sent": Rfc2822 | None,
        "messaging_service_sid": ServiceSid | None,
        "error_code": int | None,
        "price_unit": Literal["USD"],
        "api_version": str,
        "subresource_uris": SubresourceUris,
    },
)


class _Paged(TypedDict):
    page: int
    page_size: int
    start: int
    end: int
    uri: str
    first_page_uri: str
    next_page_uri: str | None
    previous_page_uri: str | None


class MessageList(_Paged):
    """Some messages, the newest first."""

    messages: list[MessageResource]


class MediaList(_Paged):
    """The media of a text message: none."""

    media_list: Annotated[list[object], Field(max_length=0)]


class Feedback(TypedDict):
    """What the sender said of a message's outcome."""

    account_sid: AccountSid
    message_sid: MessageSid
    outcome: Outcome
    date_created: Rfc2822
    date_updated: Rfc2822
    uri: str


class Error(TypedDict):
    """Why a request is refused: `code` is of Twilio's error dictionary, `status` that of the answer."""

    code: int
    message: str
    more_info: str
    status: int


def resource(gateway: SmsGateway, message: Message) -> MessageResource:
    """The message as the published resource has it; numbers of segments and media are strings there."""
    uri = uri_of(message)
    order = message.order
    price = None
    if message.sent is not None and not message.inbound:
        price = f"-{gateway.price_per_segment * message.coding.segments:.5f}"
    return {
        "body": "" if order.discard_body else message.body,
        "num_segments": str(message.coding.segments),
        "direction": "inbound" if message.inbound else "outbound-api",
        "from": message.sender,
        "date_updated": rfc2822(message.updated),
        "price": price,
        "error_message": message.error_message,
        "uri": f"{uri}.json",
        "account_sid": message.account_sid,
        "num_media": "0",
        "to": f"{message.to[:-4]}XXXX" if order.obfuscate_address else message.to,
        "date_created": rfc2822(message.created),
        "status": message.status,
        "sid": message.sid,
        "date_sent": None if message.sent is None else rfc2822(message.sent),
        "messaging_service_sid": order.service_sid,
        "error_code": message.error_code,
        "price_unit": "USD",
        "api_version": API_VERSION,
        "subresource_uris": {"media": f"{uri}/Media.json"},
    }


def feedback(message: Message, outcome: Outcome, now: datetime) -> Feedback:
    """The feedback on a message, as of `now`."""
    moment = rfc2822(now)
    return {
        "account_sid": message.account_sid,
        "message_sid": message.sid,
        "outcome": outcome,
        "date_created": moment,
        "date_updated": moment,
        "uri": f"{uri_of(message)}/Feedback.json",
    }


def error(refused: Rejected) -> Error:
    """The body of a refusal."""
    return {
        "code": refused.code,
        "message": refused.text,
        "more_info": f"https://www.twilio.com/docs/errors/{refused.code}",
        "status": refused.status,
    }


def uri_of(message: Message) -> str:
    """The path of the message, without `.json`."""
    return f"{PREFIX}{message.account_sid}/Messages/{message.sid}"


def rfc2822(moment: datetime) -> str:
    # `fold` is a key of its own: the two hours 2 o'clock in October are equal to Python, and not in UTC.
    return _formatted(moment, moment.fold)


@lru_cache(maxsize=256)  # in a stepped world many messages have the same moment, and conversion is dear
def _formatted(moment: datetime, _: int) -> str:
    return format_datetime(moment.astimezone(UTC))
