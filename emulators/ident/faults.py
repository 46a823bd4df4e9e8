"""What can go wrong at the ident provider, besides what people do wrong."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

from pydantic import Field

from emulators.core.faults import Fault
from emulators.core.transport_faults import LINE_FAULTS, Outage, RefusedConnection


class DocBlurry(Fault):
    """The picture of the document is blurred and has to be taken again."""

    point: ClassVar[str] = "film_document"


class DocGlare(Fault):
    """Light is reflected on the document; the picture has to be taken again."""

    point: ClassVar[str] = "film_document"


class WordsMisread(Fault):
    """The spoken words are not recognised and have to be read again."""

    point: ClassVar[str] = "read_words"


class ResultLate(Fault):
    """The check takes `minutes`; beyond the hard limit of 15 minutes it ends in an error."""

    point: ClassVar[str] = "result"
    minutes: int = Field(default=10, ge=1, le=1440)


class ManualReview(Fault):
    """A human looks at the case after the automatic check, for `minutes`."""

    point: ClassVar[str] = "result"
    minutes: int = Field(default=30, ge=1, le=1440)


class ProcessingTimeout(Fault):
    """The check never comes to a result and ends in an error at the hard limit."""

    point: ClassVar[str] = "result"


class Revoked(Fault):
    """A success is revoked for fraud after `hours`."""

    point: ClassVar[str] = "success"
    hours: int = Field(default=24, ge=1, le=336)


class WebhookLost(Fault):
    """The result's webhook is never sent; only polling finds the result."""

    point: ClassVar[str] = "webhook"


class WebhookDuplicate(Fault):
    """The result's webhook is sent twice, with the same event id."""

    point: ClassVar[str] = "webhook"


class WebhookLate(Fault):
    """The result's webhook is sent `minutes` late."""

    point: ClassVar[str] = "webhook"
    minutes: int = Field(default=60, ge=1, le=20160)


class WebhookForged(Fault):
    """Before the result's webhook comes one that claims success, with a signature of another key."""

    point: ClassVar[str] = "webhook"


class WebhookReordered(Fault):
    """A progress webhook is held back until the result's webhook has been sent."""

    point: ClassVar[str] = "notice"


FAULTS: Mapping[str, type[Fault]] = MappingProxyType(
    {
        "outage": Outage,
        "refused_connection": RefusedConnection,
        **LINE_FAULTS,
        "doc_blurry": DocBlurry,
        "doc_glare": DocGlare,
        "words_misread": WordsMisread,
        "result_late": ResultLate,
        "manual_review": ManualReview,
        "processing_timeout": ProcessingTimeout,
        "revoked": Revoked,
        "webhook_lost": WebhookLost,
        "webhook_duplicate": WebhookDuplicate,
        "webhook_late": WebhookLate,
        "webhook_reordered": WebhookReordered,
        "webhook_forged": WebhookForged,
    }
)
