"""The bodies of the LetterXpress API, version 3: what comes in as models, what goes out as dictionaries."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, NotRequired

from pydantic import BaseModel, ConfigDict, Field, with_config
from typing_extensions import TypedDict  # pydantic reads these for the description, and takes no other before 3.12

from .letter import Tracking
from .request import Base64Pdf

Color = Literal["1", "4"]
Shipping = Literal["national", "international", "auto"]
RegisteredCode = Literal["r1", "r2"]
JobStatus = Literal["queue", "hold", "done", "canceled", "draft"]

_CLOSED = ConfigDict(extra="forbid")


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Auth(_Body):
    """The login, which stands in each body. A job in mode `test` stays a draft."""

    username: str
    apikey: str
    mode: Literal["test", "live"] = "test"


class Specification(_Body):
    """How to print and send: `color` 1 is black, 4 is colour; with `c4` the envelope is large, pages are not folded."""

    color: Color = "1"
    mode: Literal["simplex", "duplex"] = "simplex"
    shipping: Shipping = "auto"
    c4: int = Field(default=0, ge=0, le=1)
    pages: int | None = Field(default=None, ge=1)


class NewLetter(_Body):
    """A PDF to be posted. The checksum is the MD5 of the text in `base64_file`, in hexadecimal digits."""

    base64_file: Base64Pdf
    base64_file_checksum: str
    filename_original: str = Field(default="letter.pdf", max_length=200)
    specification: Specification = Specification()
    registered: RegisteredCode | None = None
    dispatch_date: date | None = None
    notice: str | None = Field(default=None, max_length=255)


class Changes(_Body):
    """Another day of dispatch; none means at once."""

    dispatch_date: date | None = None


class Priced(_Body):
    """A letter whose price is asked for."""

    specification: Specification = Specification()
    registered: RegisteredCode | None = None


class Login(BaseModel):
    """A body that needs to hold nothing but the login."""

    model_config = ConfigDict(extra="ignore", strict=True)
    auth: Auth


class Submission(_Body):
    auth: Auth
    letter: NewLetter


class Change(_Body):
    auth: Auth
    letter: Changes


class PriceQuestion(_Body):
    auth: Auth
    letter: Priced


# -- what goes out ------------------------------------------------------------------------------------------------

Amount = Annotated[float, Field(ge=0)]  # net, in euros


@with_config(_CLOSED)
class Item(TypedDict):
    """What became of the letter of a job; `address` are the lines in its window."""

    address: str
    pages: int
    amount: Amount
    vat: Amount
    status: Literal["queue", "hold", "sent", "canceled", "draft"]
    tracking_code: NotRequired[str]
    tracking_status: NotRequired[Tracking]


@with_config(_CLOSED)
class Job(TypedDict):
    """A print job; `dispatch_date` is the day until which it waits."""

    id: int
    status: JobStatus
    filename_original: str
    dispatch_date: str | None
    items: list[Item]


@with_config(_CLOSED)
class Balance(TypedDict):
    """What is left of the credit."""

    balance: str
    currency: Literal["EUR"]


@with_config(_CLOSED)
class Price(TypedDict):
    """What a letter costs."""

    price: Amount
    vat: Amount
    currency: Literal["EUR"]


class _Done(TypedDict):
    status: Literal[200]
    message: Literal["OK"]


@with_config(_CLOSED)
class JobDone(_Done):
    """The print job, as it is now."""

    data: Job


@with_config(_CLOSED)
class JobsDone(_Done):
    """All print jobs that were asked for, the oldest first."""

    data: list[Job]


@with_config(_CLOSED)
class BalanceDone(_Done):
    """An answer with the credit."""

    data: Balance


@with_config(_CLOSED)
class PriceDone(_Done):
    """An answer with a price."""

    data: Price


@with_config(_CLOSED)
class Failure(TypedDict):
    """A request that was not: its status, and in words what is wrong."""

    status: int
    message: str


@with_config(_CLOSED)
class Unauthorised(TypedDict):
    """A body without the right login."""

    message: Literal["Unauthorized."]
