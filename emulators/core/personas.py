"""Kinds of people by name: a persona says what must be true of a person, the rest is drawn."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from .people_names import ADULTS_ONLY, NameStyle
from .workdays import LAENDER


class Kind(StrEnum):
    """Who acts for whom: an adult and a teenager for themselves, for a child its guardian."""

    ADULT = "adult"
    TEEN = "teen"
    CHILD = "child"


AGES: Mapping[Kind, range] = {Kind.ADULT: range(18, 121), Kind.TEEN: range(15, 18), Kind.CHILD: range(15)}
"""Completed years. From the 15th birthday a young person acts alone (§ 36 SGB I)."""


class Documents(StrEnum):
    """The state of a person's identity documents (for a child: of its guardian's as well)."""

    VALID = "valid"
    EXPIRES_TODAY = "expires_today"  # the last day on which they are valid
    EXPIRED = "expired"  # since yesterday
    DAMAGED = "damaged"


class Persona(BaseModel):
    """Parameters of a person; whatever is not given is drawn."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind = Kind.ADULT
    name: NameStyle | None = None
    age: Annotated[int, Field(ge=0, le=120)] | None = None
    """Completed years on the first day, or those completed on the day that `birthday` names."""
    birthday: Annotated[int, Field(ge=-364, le=364)] | None = None
    """Days from the first day to the birthday on which `age` is reached: 0 today, 1 tomorrow, -1 yesterday."""
    sex: Literal["M", "W", "X", "D"] | None = None
    land: str | None = None
    document: Documents = Documents.VALID
    document_ends: Annotated[int, Field(ge=-364, le=364)] | None = None
    """Days from the first day to the last one on which the documents are valid: 0 today, 3 in three days."""
    nfc: bool = True
    """Whether the health card can be read without contacts (and so has a CAN)."""

    @model_validator(mode="after")
    def _fits_together(self) -> Persona:
        if self.birthday is not None and self.age is None:
            raise ValueError("a birthday needs the age that is reached on it")
        if self.document_ends is not None and self.document in (Documents.EXPIRES_TODAY, Documents.EXPIRED):
            raise ValueError(f"the document is '{self.document}' already; 'document_ends' would say it twice")
        today = self.age_today
        if today is not None and today not in AGES[self.kind]:
            ages = AGES[self.kind]
            raise ValueError(f"the kind '{self.kind}' is {ages.start} to {ages.stop - 1} years old, not {today}")
        if self.kind is not Kind.ADULT and self.name in ADULTS_ONLY:
            raise ValueError(f"the name style '{self.name}' is for adults")
        if self.land is not None and self.land not in LAENDER:
            raise ValueError(f"no Land '{self.land}'; known: {', '.join(LAENDER)}")
        return self

    @property
    def age_today(self) -> int | None:
        """Completed years on the first day, or `None` if any age of the kind will do."""
        if self.age is None:
            return None
        return self.age - 1 if (self.birthday or 0) > 0 else self.age


PERSONAS: Mapping[str, Persona] = {
    "adult": Persona(),
    "teen": Persona(kind=Kind.TEEN),
    "child": Persona(kind=Kind.CHILD),
    "noble": Persona(name=NameStyle.NOBLE),
    "umlaut": Persona(name=NameStyle.UMLAUT),
    "sharp_s": Persona(name=NameStyle.SHARP_S),
    "double_name": Persona(name=NameStyle.DOUBLE_NAME),
    "doctor_title": Persona(name=NameStyle.DOCTOR_TITLE),
    "diacritics": Persona(name=NameStyle.DIACRITICS),
    "birth_name": Persona(name=NameStyle.BIRTH_NAME),
    "turns_15_today": Persona(kind=Kind.TEEN, age=15, birthday=0),
    "turns_15_tomorrow": Persona(kind=Kind.CHILD, age=15, birthday=1),
    "turned_15_yesterday": Persona(kind=Kind.TEEN, age=15, birthday=-1),
    "expired_document": Persona(document=Documents.EXPIRED),
    "card_without_nfc": Persona(nfc=False),
}


def load_personas(path: Path) -> dict[str, Persona]:
    """Read personas from a YAML file that maps names to fields.

    Raises `ValueError` naming the file and, where there is one, the persona and the field.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: not YAML: {error}") from error
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise ValueError(f"{path}: must map names of personas to their fields, not be a {type(content).__name__}")
    return {_persona_name(path, name): _persona(path, name, fields) for name, fields in content.items()}


def _persona_name(path: Path, name: object) -> str:
    if not isinstance(name, str):
        raise ValueError(f"{path}: persona {name!r}: a name must be text; put it in quotation marks")
    return name


def _persona(path: Path, name: str, fields: object) -> Persona:
    try:
        return Persona.model_validate({} if fields is None else fields)
    except ValidationError as error:
        problems = "; ".join(
            ": ".join(part for part in (".".join(map(str, e["loc"])), e["msg"].removeprefix("Value error, ")) if part)
            for e in error.errors()
        )
        raise ValueError(f"{path}: persona '{name}': {problems}") from error
