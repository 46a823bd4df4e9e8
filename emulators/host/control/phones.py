"""Somebody's phone as far as text messages go: send one, switch it off, let an app take a code over."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from emulators.sms.handset import Handset, Hindrance
from emulators.sms.takeover import Api, CodeRequest, Outcome, Platform

from ..hosted import Hosted
from .models import Body, Word
from .problems import Missing, NotNow, answers
from .views import Role
from .worlds import TheWorld, the_person

router = APIRouter()

_READ = answers(401, 403, 404, 422)
_DONE = answers(400, 401, 403, 404, 409, 413, 422)


class NewSms(Body):
    """A message to send, such as STOP to a number of the gateway; `number` is the SIM if there are several."""

    to: Word
    text: Annotated[str, Field(min_length=1, max_length=1600)]
    number: Word | None = None


class SmsSent(BaseModel):
    sid: str


class PhoneShown(BaseModel):
    numbers: list[str] = Field(description="of the SIMs in it; none after a SIM swap")
    off: bool
    memory_full: bool
    receives_sms: bool
    platform: Platform | None = Field(description="decides which ways of taking a code over exist")
    contacts: list[str] = Field(description="senders whose codes User Consent never offers")


class PhoneChange(Body):
    """What is not named stays as it is."""

    off: bool | None = None
    memory_full: bool | None = None
    receives_sms: bool | None = None
    platform: Literal["android", "ios"] | None = None
    contacts: list[Word] | None = None


class Retriever(Body):
    """Android's SMS Retriever: the message that ends with the app's hash."""

    api: Literal["sms_retriever"]
    app_hash: Annotated[str, Field(pattern=r"^[A-Za-z0-9+/]{11}$")]


class UserConsent(Body):
    """Android's SMS User Consent: one message with a code, of one sender only if that is named."""

    api: Literal["user_consent"]
    sender: Word | None = None


class AutoFill(Body):
    """iOS, on a page of `domain`, within a frame of `embedded` if that is named."""

    api: Literal["autofill"]
    domain: Word
    embedded: Word | None = None


NewCodeRequest = Annotated[Retriever | UserConsent | AutoFill, Field(discriminator="api")]


class CodeRequestShown(BaseModel):
    number: int = Field(description="counts what was asked for on this phone, from 1")
    api: Api
    outcome: Outcome
    code: str | None = Field(description="once it was taken over")


class Decision(Body):
    """What the person does with the question on the screen."""

    answer: Literal["allow", "deny", "dismiss"]


Number = Annotated[int, Path(ge=1, le=1_000_000, description="counted from 1")]


@router.post("/worlds/{name}/people/{role}/sms", tags=["phone"], status_code=201, responses=_DONE)
def send_sms(hosted: TheWorld, role: Role, new: NewSms) -> SmsSent:
    """Send a text message from somebody's phone to the gateway. 409 if there is no such SIM, or nobody to answer to."""
    with hosted.world.physics.lock:
        try:
            sent = _handset(hosted, role).send(new.to, new.text, number=new.number)
        except ValueError as error:
            raise NotNow(str(error)) from error
    hosted.settle()
    return SmsSent(sid=sent.sid)


@router.get("/worlds/{name}/people/{role}/phone", tags=["phone"], responses=_READ)
def read_phone(hosted: TheWorld, role: Role) -> PhoneShown:
    """The phone that the person's number was made for."""
    with hosted.world.physics.lock:
        return _shown(_handset(hosted, role))


@router.patch("/worlds/{name}/people/{role}/phone", tags=["phone"], responses=_DONE)
def change_phone(hosted: TheWorld, role: Role, change: PhoneChange) -> PhoneShown:
    """Switch it off or on, fill its memory or make room; what waited comes at once."""
    with hosted.world.physics.lock:
        handset = _handset(hosted, role)
        if change.receives_sms is not None:
            handset.receives_sms = change.receives_sms
        if change.platform is not None:
            handset.platform = Platform(change.platform)
        if change.contacts is not None:
            handset.contacts = set(change.contacts)
        for hindrance, wanted in ((Hindrance.OFF, change.off), (Hindrance.MEMORY_FULL, change.memory_full)):
            if wanted is not None and wanted is not (hindrance in handset.hindrances):
                (handset.hinder if wanted else handset.recover)(hindrance)
        shown = _shown(handset)
    hosted.settle()
    return shown


@router.post("/worlds/{name}/people/{role}/code-requests", tags=["phone"], status_code=201, responses=_DONE)
def ask_for_code(hosted: TheWorld, role: Role, new: NewCodeRequest) -> CodeRequestShown:
    """Let an app wait for a code, for five minutes of the world's time."""
    with hosted.world.physics.lock:
        handset = _handset(hosted, role)
        match new:
            case Retriever(app_hash=app_hash):
                handset.start_retriever(app_hash)
            case UserConsent(sender=sender):
                handset.start_user_consent(sender)
            case AutoFill(domain=domain, embedded=embedded):
                handset.start_autofill(domain, embedded)
        return _told(handset, len(handset.code_requests))


@router.get("/worlds/{name}/people/{role}/code-requests", tags=["phone"], responses=_READ)
def list_code_requests(hosted: TheWorld, role: Role) -> list[CodeRequestShown]:
    """All that apps have waited for on this phone, the oldest first, and how it ended."""
    with hosted.world.physics.lock:
        handset = _handset(hosted, role)
        return [_told(handset, number) for number in range(1, len(handset.code_requests) + 1)]


@router.post("/worlds/{name}/people/{role}/code-requests/{number}", tags=["phone"], responses=_DONE)
def decide(hosted: TheWorld, role: Role, number: Number, decision: Decision) -> CodeRequestShown:
    """Answer the question whether the app may have the code. 409 if nothing is being asked."""
    with hosted.world.physics.lock:
        handset = _handset(hosted, role)
        request = _request(handset, role, number)
        try:
            {"allow": request.allow, "deny": request.deny, "dismiss": request.dismiss}[decision.answer]()
        except ValueError as error:
            raise NotNow(str(error)) from error
        return _told(handset, number)


def _handset(hosted: Hosted, role: str) -> Handset:
    return hosted.world.sms.handset(the_person(hosted, role).mobile)


def _shown(handset: Handset) -> PhoneShown:
    return PhoneShown(
        numbers=list(handset.numbers),
        off=Hindrance.OFF in handset.hindrances,
        memory_full=Hindrance.MEMORY_FULL in handset.hindrances,
        receives_sms=handset.receives_sms,
        platform=handset.platform,
        contacts=sorted(handset.contacts),
    )


def _request(handset: Handset, role: str, number: int) -> CodeRequest:
    requests = handset.code_requests
    if number > len(requests):
        raise Missing(f"no app has asked for code {number} on the phone of '{role}'; there are {len(requests)}")
    return requests[number - 1]


def _told(handset: Handset, number: int) -> CodeRequestShown:
    request = handset.code_requests[number - 1]
    taken = request.code if request.outcome is Outcome.TAKEN else None
    return CodeRequestShown(number=number, api=request.api, outcome=request.outcome, code=taken)
