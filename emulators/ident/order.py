"""What the partner asks for: the body of `POST /ident/v1/cases`. Unknown fields are left aside, as a provider does."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Url = Annotated[str, StringConstraints(pattern=r"^https?://\S+$", max_length=2000)]


class IdempotencyConflict(ValueError):
    """The same idempotency key came with another body."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class DocumentHolder(_Part):
    """Whose document is to be shown. A family member who acts for a child is given by these data alone."""

    given_name: Name
    family_name: Name
    birth_date: date
    birth_name: str | None = None
    title: str | None = None


class Subject(DocumentHolder):
    """The insured person whom the case is about."""

    kvnr: Annotated[str, StringConstraints(pattern=r"^[A-Z][0-9]{9}$")]


class HealthCard(_Part):
    """The card that must be filmed; its last `suffix_length` digits are typed in before."""

    iccsn: Annotated[str, StringConstraints(pattern=r"^[0-9]{20}$")]
    suffix_length: int = Field(default=8, ge=4, le=20)

    @property
    def suffix(self) -> str:
        return self.iccsn[-self.suffix_length :]


class Callback(_Part):
    """Where results are reported to."""

    url: Url
    profile: Literal["std"] = "std"


class CaseOrder(_Part):
    external_ref: Name
    subject: Subject
    health_card: HealthCard
    representative: DocumentHolder | None = None
    callback: Callback | None = None
    return_url: Url | None = None
    documents: tuple[Literal["identity_card", "passport"], ...] = Field(
        default=("identity_card", "passport"), min_length=1
    )
    procedure: Literal["robo-ident-2021"] = "robo-ident-2021"
    loa: Literal["substantial", "high"] = "substantial"
    locale: str = "de-DE"

    @property
    def shows_document(self) -> DocumentHolder:
        """Who has to show the own document: the representative if there is one, else the insured person."""
        return self.representative or self.subject
