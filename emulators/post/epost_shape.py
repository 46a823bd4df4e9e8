"""What the E-POSTBUSINESS API answers, version 2.6.1."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, NotRequired, get_args

from pydantic import ConfigDict, Field, with_config
from typing_extensions import TypedDict  # pydantic reads these for the description, and takes no other before 3.12

from .faults import Reason
from .letter import Feedback, Letter, LetterStatus, Tracking
from .order import Registered, font_warnings

_CLOSED = ConfigDict(extra="forbid")
Moment = Annotated[str, Field(json_schema_extra={"format": "date-time"})]


@with_config(_CLOSED)
class Finding(TypedDict):
    """What is to be said of a letter or a request: errors begin with E, warnings with W, all else with I."""

    level: Literal["Error", "Warning", "Info"]
    code: str
    description: str


@with_config(_CLOSED)
class Token(TypedDict):
    """A JSON Web Token, to be sent as `Authorization: Bearer`."""

    token: str


@with_config(_CLOSED)
class Submitted(TypedDict):
    """A letter that was taken, and its number."""

    fileName: str
    letterID: int


@with_config(_CLOSED)
class QueueResult(TypedDict):
    """What became of the wish to cancel or release a letter."""

    letterID: int
    successful: bool
    message: str


@with_config(_CLOSED)
class TestResult(TypedDict):
    """The PDF of a test letter, in base64."""

    letterID: int
    fileName: str
    data: str


@with_config(_CLOSED)
class PremiumResult(TypedDict):
    """Why a letter did not go where it was sent (`sdgS`), to whom it was sent, and the new address if there is one."""

    sdgS: int | None
    kd_Na1: str
    kd_Str: str
    kd_HNr: str
    kd_PLZ: str
    kd_Ort: str
    nsA_Na1: NotRequired[str]
    nsA_Str: NotRequired[str]
    nsA_HNr: NotRequired[str]
    nsA_PLZ: NotRequired[str]
    nsA_Ort: NotRequired[str]


@with_config(_CLOSED)
class PremiumFeedback(TypedDict):
    """The feedback of Premiumadress; null before there is any."""

    productVariants: str
    premiumAdressResult: PremiumResult | None


@with_config(_CLOSED)
class PlugInFeedback(TypedDict):
    """What a plug-in has to tell."""

    plugInName: Literal["PremiumAdress"]
    plugInFeedbackModel: PremiumFeedback


@with_config(_CLOSED)
class LetterState(TypedDict):
    """A letter and how far it is. `statusID` is 1 accepted, 2 processed, 3 in the print centre, 4 posted, 99 failed."""

    letterID: int
    fileName: str
    statusID: LetterStatus
    statusDetails: str
    createdDate: Moment
    processedDate: Moment | None
    printUploadDate: Moment | None
    printFeedbackDate: Moment | None
    testFlag: bool
    registeredLetter: Registered | None
    registeredLetterID: str | None
    registeredLetterStatus: Tracking | None
    registeredLetterStatusDate: Moment | None
    batchID: int
    coverLetter: bool
    noOfPages: int
    custom1: str | None
    custom2: str | None
    custom3: str | None
    custom4: str | None
    custom5: str | None
    zipCode: str
    city: str
    country: str | None
    isColor: bool
    isDuplex: bool
    errorList: list[Finding]
    plugInFeedbackList: list[PlugInFeedback]


_DETAILS = {
    LetterStatus.ACCEPTED: "Annahme der Sendung",
    LetterStatus.PROCESSED: "Verarbeitung der Sendung",
    LetterStatus.AT_PRINT_CENTRE: "Einlieferung in Druckzentrum",
    LetterStatus.POSTED: "Verarbeitung in Druckzentrum",
    LetterStatus.FAILED: "Verarbeitungsfehler",
}
# The handbook's numbers for the fate of a letter are not among our sources: these are ours.
_FATES = ("delivered", *get_args(Reason))


def status_of(letter: Letter, now: datetime) -> LetterState:
    """The letter as it is now."""
    custom1, custom2, custom3, custom4, custom5 = letter.order.custom
    order, status = letter.order, letter.status(now)
    *_, place = _domestic(letter.recipient) or ("",)
    tracked = letter.tracking_number is not None and status in (LetterStatus.AT_PRINT_CENTRE, LetterStatus.POSTED)
    return {
        "letterID": letter.number,
        "fileName": order.file_name,
        "statusID": status,
        "statusDetails": _DETAILS[status],
        "createdDate": letter.created_at.isoformat(),
        "processedDate": _iso(letter.reached(LetterStatus.PROCESSED, now)),
        "printUploadDate": _iso(letter.reached(LetterStatus.AT_PRINT_CENTRE, now)),
        "printFeedbackDate": _iso(letter.reached(LetterStatus.POSTED, now)),
        "testFlag": order.test,
        "registeredLetter": order.registered,
        "registeredLetterID": letter.tracking_number if tracked else None,
        "registeredLetterStatus": letter.tracking(now) if tracked else None,
        "registeredLetterStatusDate": _iso(letter.returned_at or letter.delivered_at) if tracked else None,
        "batchID": order.batch,
        "coverLetter": order.cover,
        "noOfPages": len(letter.sheets),
        "custom1": custom1,
        "custom2": custom2,
        "custom3": custom3,
        "custom4": custom4,
        "custom5": custom5,
        "zipCode": place[:5],
        "city": place[6:],
        "country": letter.recipient[-1] if order.abroad and letter.recipient else None,
        "isColor": order.colour,
        "isDuplex": order.duplex,
        "errorList": errors_of(letter, status),
        "plugInFeedbackList": _plugin_feedback(letter, now),
    }


def errors_of(letter: Letter, status: LetterStatus) -> list[Finding]:
    """Errors and warnings; nothing is known of them while the letter is only accepted."""
    if status is LetterStatus.ACCEPTED:
        return []
    found = (*letter.problems, *(font_warnings(letter.order) if letter.sheets else ()))
    return [{"level": problem.level, "code": problem.code, "description": problem.text} for problem in found]


def _plugin_feedback(letter: Letter, now: datetime) -> list[PlugInFeedback]:
    if letter.order.premium is None:
        return []
    model: PremiumFeedback = {"productVariants": letter.order.premium, "premiumAdressResult": None}
    feedback = letter.told(now)
    if feedback is not None:
        model["premiumAdressResult"] = _premium_result(letter, feedback)
    return [{"plugInName": "PremiumAdress", "plugInFeedbackModel": model}]


def _premium_result(letter: Letter, feedback: Feedback) -> PremiumResult:
    name, *_, street, place = letter.recipient
    result: PremiumResult = {
        "sdgS": _FATES.index(feedback.reason) if feedback.reason in _FATES else None,
        "kd_Na1": name,
        "kd_Str": street.rpartition(" ")[0],
        "kd_HNr": street.rpartition(" ")[2],
        "kd_PLZ": place[:5],
        "kd_Ort": place[6:],
    }
    if (new := feedback.new_address) is not None:
        result["nsA_Na1"] = name
        result["nsA_Str"] = new.street
        result["nsA_HNr"] = new.house_number
        result["nsA_PLZ"] = new.postcode
        result["nsA_Ort"] = new.city
    return result


def _domestic(lines: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(line for line in lines if line[:5].isdigit())


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
