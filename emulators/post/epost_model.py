# ruff: noqa: N815 - the fields have the names of the API
"""The bodies of the E-POSTBUSINESS API, version 2.6.1: what comes in as models, what goes out as dictionaries."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

from emulators.core.person import Address

from .letter import Feedback, Letter, LetterStatus
from .order import LetterOrder, Registered, font_warnings
from .request import TooLarge, pdf_in, problems_of

Line = Annotated[str, StringConstraints(max_length=80)]


class Refused(ValueError):
    """A request that is answered 400 with an error object: its code and what is wrong."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Login(_Body):
    vendorID: str = Field(min_length=1)
    ekp: str = Field(min_length=10, max_length=10)
    secret: str = Field(max_length=100)
    password: str = Field(min_length=5, max_length=100)
    vendorSubID: str | None = Field(default=None, max_length=100)
    tokenDuration: int = Field(default=1440, ge=1, le=1440)


class PlugIn(_Body):
    plugInName: str = Field(max_length=200)
    plugInModel: dict[str, Any] | None = None


class UploadManagement(_Body):
    useMinimumQuantity: bool
    dueDays: int | None = Field(default=None, ge=1, le=31)
    dueDate: datetime | None = None
    dueDayofWeek: str | None = None


class EpostLetter(_Body):
    """A letter as it is submitted. The six fields for a return receipt are outdated in the API and not used."""

    fileName: str = Field(min_length=5, max_length=200)
    data: str
    isColor: bool = False
    isDuplex: bool = False
    batchID: int = 0
    registeredLetter: str | None = Field(default=None, max_length=50)
    registeredLetterAdressLine1: Line | None = None
    registeredLetterAdressLine2: Line | None = None
    registeredLetterAdressLine3: Line | None = None
    registeredLetterZipCode: str | None = None
    registeredLetterCity: Line | None = None
    testFlag: bool = False
    testEMail: str | None = Field(default=None, max_length=100)
    testShowRestrictedArea: bool = False
    coverLetter: bool = False
    coverData: str | None = None
    addressLine1: str = Field(min_length=1, max_length=80)
    addressLine2: Line | None = None
    addressLine3: Line | None = None
    addressLine4: Line | None = None
    addressLine5: Line | None = None
    zipCode: str = Field(min_length=3, max_length=20)
    city: str = Field(min_length=1, max_length=80)
    country: Line | None = None
    senderAdressLine1: Line | None = None
    senderStreet: Line | None = None
    senderZipCode: Line | None = None
    senderCity: Line | None = None
    senderAdressLineComplete: str | None = Field(default=None, max_length=200)
    custom1: Line | None = None
    custom2: Line | None = None
    custom3: Line | None = None
    custom4: Line | None = None
    custom5: Line | None = None
    vendorSystemInformation: str | None = Field(default=None, max_length=150)
    costCenter: str | None = Field(default=None, max_length=8)
    plugInList: tuple[PlugIn, ...] | None = None
    activateDuplicateFailsafe: bool = False

    def order(self, today: date) -> LetterOrder:
        """The same as the post office takes it. Raises `Refused`."""
        lines = (self.addressLine1, self.addressLine2, self.addressLine3, self.addressLine4, self.addressLine5)
        given = (*filter(None, lines), f"{self.zipCode.strip()} {self.city}".strip(), *filter(None, (self.country,)))
        where = (self.senderAdressLine1, self.senderStreet, f"{self.senderZipCode or ''} {self.senderCity or ''}")
        plugins = {plugin.plugInName: plugin.plugInModel or {} for plugin in self.plugInList or ()}
        registered = self._registered()
        if self.coverData is not None:
            raise Refused("E313", "coverData: ein eigenes Deckblatt kennt dieser Emulator nicht; coverLetter genügt")
        return LetterOrder(
            pdf=self._pdf(),
            file_name=self.fileName,
            given=given,
            sender=self.senderAdressLineComplete or " · ".join(part.strip() for part in where if part and part.strip()),
            cover=self.coverLetter,
            registered=registered,
            abroad=bool(self.country),
            colour=self.isColor,
            duplex=self.isDuplex,
            test=self.testFlag,
            batch=self.batchID,
            custom=(self.custom1, self.custom2, self.custom3, self.custom4, self.custom5),
            premium=_premium(plugins),
            queued_until=_queued_until(plugins, today),
            failsafe=self.activateDuplicateFailsafe,
        )

    def _pdf(self) -> bytes:
        try:
            return pdf_in(self.data)
        except TooLarge as error:
            raise Refused("E303", f"{self.fileName}: {error}") from error
        except ValueError as error:
            raise Refused("E313", f"data von {self.fileName}: {error}") from error

    def _registered(self) -> Registered | None:
        if not self.registeredLetter:
            return None
        try:
            kind = Registered(self.registeredLetter)
        except ValueError as error:
            known = ", ".join(Registered)
            raise Refused("E317", f"registeredLetter '{self.registeredLetter}'; möglich: {known}") from error
        if self.isDuplex:
            raise Refused("E312", "Einschreiben werden nicht doppelseitig gedruckt: isDuplex oder registeredLetter")
        if self.country:
            raise Refused("E311", "Einschreiben gehen nicht ins Ausland: country oder registeredLetter")
        return kind


LETTERS = TypeAdapter(tuple[EpostLetter, ...])
NUMBERS = TypeAdapter(tuple[int, ...])

_PLUGINS = ("PremiumAdress", "UploadManagement")


def _premium(plugins: dict[str, dict[str, Any]]) -> str | None:
    for name in plugins:
        if name not in _PLUGINS:
            raise Refused("E601", f"PlugIn '{name}'; dieser Emulator kennt {', '.join(_PLUGINS)}")
    if "PremiumAdress" not in plugins:
        return None
    variant = plugins["PremiumAdress"].get("productVariants")
    if variant not in ("Basic", "Report"):
        raise Refused("E601", "PremiumAdress: productVariants ist 'Basic' oder 'Report'")
    return str(variant)


def _queued_until(plugins: dict[str, dict[str, Any]], today: date) -> date | None:
    if "UploadManagement" not in plugins:
        return None
    try:
        wish = UploadManagement.model_validate(plugins["UploadManagement"])
    except ValidationError as error:
        code = "E622" if any(e["loc"] == ("dueDays",) for e in error.errors()) else "E601"
        raise Refused(code, f"UploadManagement: {problems_of(error)}") from error
    if wish.useMinimumQuantity or wish.dueDayofWeek:
        text = "useMinimumQuantity und dueDayofWeek kennt dieser Emulator nicht; dueDays oder dueDate genügt"
        raise Refused("E601", f"UploadManagement: {text}")
    if wish.dueDays is not None and wish.dueDate is not None:
        raise Refused("E621", "UploadManagement: mehr als eine Terminoption")
    due = wish.dueDate.date() if wish.dueDate else today + timedelta(days=wish.dueDays or 1)
    if not 1 <= (due - today).days <= 31:
        raise Refused("E622", "UploadManagement: der Termin liegt 1 bis 31 Tage in der Zukunft")
    return due


# -- what goes out ------------------------------------------------------------------------------------------------

_DETAILS = {
    LetterStatus.ACCEPTED: "Annahme der Sendung",
    LetterStatus.PROCESSED: "Verarbeitung der Sendung",
    LetterStatus.AT_PRINT_CENTRE: "Einlieferung in Druckzentrum",
    LetterStatus.POSTED: "Verarbeitung in Druckzentrum",
    LetterStatus.FAILED: "Verarbeitungsfehler",
}
# The handbook's numbers for the fate of a letter are not among our sources: these are ours.
_FATES = (
    "delivered",
    "moved",
    "unknown",
    "refused",
    "deceased",
    "not_collected",
    "no_letterbox",
    "box_full",
    "inaccessible",
    "po_box_closed",
    "incomplete_address",
    "dissolved",
)


def status_of(letter: Letter, now: datetime) -> dict[str, Any]:
    """The LetterStatus object."""
    order, status = letter.order, letter.status(now)
    *_, place = _domestic(letter.recipient) or ("",)
    tracked = letter.tracking_number is not None and status in (LetterStatus.AT_PRINT_CENTRE, LetterStatus.POSTED)
    return {
        "letterID": letter.number,
        "fileName": order.file_name,
        "statusID": int(status),
        "statusDetails": _DETAILS[status],
        "createdDate": letter.created_at.isoformat(),
        "processedDate": _iso(letter.reached(LetterStatus.PROCESSED, now)),
        "printUploadDate": _iso(letter.reached(LetterStatus.AT_PRINT_CENTRE, now)),
        "printFeedbackDate": _iso(letter.reached(LetterStatus.POSTED, now)),
        "testFlag": order.test,
        "registeredLetter": order.registered.value if order.registered else None,
        "registeredLetterID": letter.tracking_number if tracked else None,
        "registeredLetterStatus": letter.tracking(now).value if tracked else None,
        "registeredLetterStatusDate": _iso(letter.returned_at or letter.delivered_at) if tracked else None,
        "batchID": order.batch,
        "coverLetter": order.cover,
        "noOfPages": len(letter.sheets),
        **{f"custom{number}": value for number, value in enumerate(order.custom, 1)},
        "zipCode": place[:5],
        "city": place[6:],
        "country": letter.recipient[-1] if order.abroad and letter.recipient else None,
        "isColor": order.colour,
        "isDuplex": order.duplex,
        "errorList": errors_of(letter, status),
        "plugInFeedbackList": _plugin_feedback(letter, now),
    }


def errors_of(letter: Letter, status: LetterStatus) -> list[dict[str, str]]:
    """Errors and warnings; nothing is known of them while the letter is only accepted."""
    if status is LetterStatus.ACCEPTED:
        return []
    found = (*letter.problems, *(font_warnings(letter.order) if letter.sheets else ()))
    return [{"level": problem.level, "code": problem.code, "description": problem.text} for problem in found]


def _plugin_feedback(letter: Letter, now: datetime) -> list[dict[str, Any]]:
    if letter.order.premium is None:
        return []
    model: dict[str, Any] = {"productVariants": letter.order.premium, "premiumAdressResult": None}
    feedback = letter.told(now)
    if feedback is not None:
        model["premiumAdressResult"] = _premium_result(letter, feedback)
    return [{"plugInName": "PremiumAdress", "plugInFeedbackModel": model}]


def _premium_result(letter: Letter, feedback: Feedback) -> dict[str, Any]:
    name, *_, street, place = letter.recipient
    result: dict[str, Any] = {
        "sdgS": _FATES.index(feedback.reason) if feedback.reason in _FATES else None,
        "kd_Na1": name,
        "kd_Str": street.rpartition(" ")[0],
        "kd_HNr": street.rpartition(" ")[2],
        "kd_PLZ": place[:5],
        "kd_Ort": place[6:],
    }
    return result | (_new_address(name, feedback.new_address) if feedback.new_address else {})


def _new_address(name: str, address: Address) -> dict[str, str]:
    return {
        "nsA_Na1": name,
        "nsA_Str": address.street,
        "nsA_HNr": address.house_number,
        "nsA_PLZ": address.postcode,
        "nsA_Ort": address.city,
    }


def _domestic(lines: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(line for line in lines if line[:5].isdigit())


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
