# ruff: noqa: N815 - the fields have the names of the API
"""The bodies that the E-POSTBUSINESS API takes, version 2.6.1."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints, TypeAdapter, ValidationError

from .order import GERMANY, LetterOrder, Registered
from .request import Base64Pdf, TooLarge, pdf_in

OPEN = frozenset({"/api/Login", "/api/Login/HealthCheck"})
"""Paths that need no token."""

MAX_PDF = 20 * 1024 * 1024
"""Bytes of one PDF. Source: E-POSTBUSINESS API, code E303."""

_DOMESTIC = re.compile(rf"\s*({GERMANY})?\s*")

# What does not go together, as a JSON schema; it promises less than is kept, for a country may also be Germany.
_REGISTERED: dict[str, JsonValue] = {"registeredLetter": {"type": "string", "minLength": 1}}
_COUNTRY: dict[str, JsonValue] = {"country": {"type": "string", "minLength": 1}}
_NEITHER_DUPLEX_NOR_ABROAD: dict[str, JsonValue] = {
    "allOf": [
        {
            "not": {
                "properties": {**_REGISTERED, "isDuplex": {"const": True}},
                "required": ["registeredLetter", "isDuplex"],
            }
        },
        {"not": {"properties": {**_REGISTERED, **_COUNTRY}, "required": ["registeredLetter", "country"]}},
    ]
}
_ONE_DATE: dict[str, JsonValue] = {
    "not": {
        "properties": {"dueDays": {"type": "integer"}, "dueDate": {"type": "string"}},
        "required": ["dueDays", "dueDate"],
    }
}
_NOT_SPOKEN: dict[str, JsonValue] = {"const": None}

Line = Annotated[str, StringConstraints(max_length=80)]


class Refused(ValueError):
    """A request that is answered 400 with an error object: its code and what is wrong."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Login(_Body):
    vendorID: str = Field(min_length=1)
    ekp: str = Field(min_length=10, max_length=10)
    secret: str = Field(max_length=100)
    password: str = Field(min_length=5, max_length=100)
    vendorSubID: str | None = Field(default=None, max_length=100)
    tokenDuration: int = Field(default=1440, ge=1, le=1440)


class Premium(BaseModel):
    """How much Premiumadress is to tell."""

    model_config = ConfigDict(frozen=True, strict=True)
    productVariants: Literal["Basic", "Report"]


class Upload(_Body):
    """Until when a letter is to wait: `dueDays` from today or `dueDate`, 1 to 31 days ahead; none is tomorrow.

    `useMinimumQuantity` and `dueDayofWeek` are not spoken here.
    """

    model_config = ConfigDict(json_schema_extra=_ONE_DATE)
    useMinimumQuantity: bool = Field(json_schema_extra={"const": False})
    dueDays: int | None = Field(default=None, ge=1, le=31)
    dueDate: datetime | None = None
    dueDayofWeek: str | None = Field(default=None, json_schema_extra=_NOT_SPOKEN)


class PremiumAdress(_Body):
    """Is told what became of a letter that did not go where it was sent."""

    plugInName: Literal["PremiumAdress"]
    plugInModel: Premium


class UploadManagement(_Body):
    """Has the letter wait."""

    plugInName: Literal["UploadManagement"]
    plugInModel: Upload


PlugIn = Annotated[PremiumAdress | UploadManagement, Field(discriminator="plugInName")]


class EpostLetter(_Body):
    """A letter as it is submitted. The six fields for a return receipt are outdated in the API and not used."""

    model_config = ConfigDict(json_schema_extra=_NEITHER_DUPLEX_NOR_ABROAD)
    fileName: str = Field(min_length=5, max_length=200)
    data: Base64Pdf
    isColor: bool = False
    isDuplex: bool = False
    batchID: int = 0
    registeredLetter: str | None = Field(
        default=None, max_length=50, json_schema_extra={"enum": [None, "", *(kind.value for kind in Registered)]}
    )
    registeredLetterAdressLine1: Line | None = None
    registeredLetterAdressLine2: Line | None = None
    registeredLetterAdressLine3: Line | None = None
    registeredLetterZipCode: str | None = None
    registeredLetterCity: Line | None = None
    testFlag: bool = False
    testEMail: str | None = Field(default=None, max_length=100)
    testShowRestrictedArea: bool = False
    coverLetter: bool = False
    coverData: str | None = Field(default=None, json_schema_extra=_NOT_SPOKEN)
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
        given = (*filter(None, lines), f"{self.zipCode.strip()} {self.city}".strip(), *filter(None, (self._abroad,)))
        where = (self.senderAdressLine1, self.senderStreet, f"{self.senderZipCode or ''} {self.senderCity or ''}")
        premium, upload = self._plugins()
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
            abroad=bool(self._abroad),
            colour=self.isColor,
            duplex=self.isDuplex,
            test=self.testFlag,
            batch=self.batchID,
            custom=(self.custom1, self.custom2, self.custom3, self.custom4, self.custom5),
            premium=premium.productVariants if premium else None,
            queued_until=_queued_until(upload, today) if upload else None,
            failsafe=self.activateDuplicateFailsafe,
        )

    @property
    def _abroad(self) -> str:
        """The country, empty for Germany."""
        return "" if _DOMESTIC.fullmatch(self.country or "") else self.country or ""

    def _plugins(self) -> tuple[Premium | None, Upload | None]:
        """What is wanted of each plug-in; of one that is named twice, the last counts."""
        premium, upload = None, None
        for plugin in self.plugInList or ():
            match plugin:
                case PremiumAdress():
                    premium = plugin.plugInModel
                case UploadManagement():
                    upload = plugin.plugInModel
        return premium, upload

    def _pdf(self) -> bytes:
        try:
            return pdf_in(self.data, MAX_PDF)
        except TooLarge as error:
            raise Refused("E303", f"{self.fileName} hat mehr als {MAX_PDF} Byte") from error
        except ValueError as error:
            raise Refused("E313", f"data von {self.fileName} ist kein Base64") from error

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
        if self._abroad:
            raise Refused("E311", "Einschreiben gehen nicht ins Ausland: country oder registeredLetter")
        return kind


_STRICT = ConfigDict(strict=True)
# Not `min_length`: an array whose only letter is wrong would count as empty, too.
LETTERS: TypeAdapter[tuple[EpostLetter, ...]] = TypeAdapter(
    Annotated[tuple[EpostLetter, ...], Field(json_schema_extra={"minItems": 1})]
)
NUMBERS: TypeAdapter[tuple[int, ...]] = TypeAdapter(tuple[int, ...], config=_STRICT)


def code_of(error: ValidationError) -> str:
    """The API's code for a body that is not as described: plug-ins have codes of their own."""
    places = [problem["loc"] for problem in error.errors()]
    if any("plugInList" not in place for place in places):
        return "E313"
    return "E622" if any(place[-1] == "dueDays" for place in places) else "E601"


def _queued_until(wish: Upload, today: date) -> date:
    if wish.useMinimumQuantity or wish.dueDayofWeek:
        text = "useMinimumQuantity und dueDayofWeek kennt dieser Emulator nicht; dueDays oder dueDate genügt"
        raise Refused("E601", f"UploadManagement: {text}")
    if wish.dueDays is not None and wish.dueDate is not None:
        raise Refused("E621", "UploadManagement: mehr als eine Terminoption")
    due = wish.dueDate.date() if wish.dueDate else today + timedelta(days=wish.dueDays or 1)
    if not 1 <= (due - today).days <= 31:
        raise Refused("E622", "UploadManagement: der Termin liegt 1 bis 31 Tage in der Zukunft")
    return due
