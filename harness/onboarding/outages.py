"""Faults outside that the system under test must turn into a clear message and another try."""

from __future__ import annotations

import re

from .rows import Refusal, Scene


def _line_down(emulator: str) -> frozenset[str]:
    """The faults of the line that leave a caller without an answer it can read, though it may have been obeyed."""
    return frozenset(f"{emulator}.{kind}" for kind in ("line_reset", "line_stalled", "line_truncated"))


SMS_DOWN = frozenset({"sms.outage", "sms.refused_connection", "sms.throttled", "sms.queue_full"}) | _line_down("sms")
SMS_UNHEARD = _line_down("sms")  # as with letters: a message taken in under one of these went out
POST_DOWN = frozenset({"post.outage", "post.refused_connection", "post.rate_limited"}) | _line_down("post")
POST_UNHEARD = _line_down("post")  # a letter that was taken in under one of these went out, and its sender cannot know
# Without TLS nothing may be sent; whether a mail has been taken whose connection broke, nobody can know.
MAIL_UNHEARD = frozenset({"mail.dropped"}) | _line_down("mail")
MAIL_DOWN = frozenset({"mail.starttls_stripped", "mail.bad_certificate", "mail.refused_connection"}) | MAIL_UNHEARD
# Stages of SMTP that are about recipient and content; what is refused before them is about the sender.
_LATE_STAGES = frozenset({"rcpt", "data_command", "data"})
IDENT_DOWN = frozenset({"ident.outage", "ident.refused_connection"}) | _line_down("ident")
BRANCH_DOWN = frozenset({"branch.outage"}) | _line_down("branch")


def sms_refusals(*requirements: str) -> tuple[Refusal, ...]:
    """The gateway has the last word: 401 is about the account, 429 and 5xx pass, any other code is for the number."""
    return (
        Refusal("sms_unavailable", requirements, _sms_unavailable),
        Refusal("sms_rejected", requirements, lambda s: bool(_sms_refusals(s)) or _landline(s.account.mobile)),
    )


def mail_refusals(*requirements: str) -> tuple[Refusal, ...]:
    """The mail server has the last word: only a 5xx for recipient or content is a matter of the address."""
    return (
        Refusal("mail_unavailable", requirements, _mail_unavailable),
        Refusal("email_rejected", requirements, lambda s: bool(_mail_refusals(s))),
    )


def mail_fails(scene: Scene) -> bool:
    """The mail does not go out, whatever the reason."""
    return bool(scene.struck & MAIL_DOWN or _mail_refusals(scene))


def _sms_refusals(scene: Scene) -> list[int]:
    """The HTTP status of each refusal of a message to the number in question."""
    said = (e.data for e in scene.entries if (e.channel, e.event) == ("sms", "refused"))
    return [data["status"] for data in said if data["to"] == scene.account.mobile]


def _sms_unavailable(scene: Scene) -> bool:
    temporary = any(status in (401, 429) or status >= 500 for status in _sms_refusals(scene))
    return temporary or bool(scene.struck & SMS_DOWN)


def _landline(number: str | None) -> bool:
    """German mobile numbers begin with 15, 16 or 17; whatever else cannot get an SMS by the gateway."""
    return number is None or not re.match(r"\+491[567]", number)


def _mail_refusals(scene: Scene) -> list[tuple[str, str]]:
    """Stage and reply of each refusal by the mail server."""
    said = (e.data for e in scene.entries if (e.channel, e.event) == ("mail", "refused"))
    return [(data["stage"], data["reply"]) for data in said]


def _mail_unavailable(scene: Scene) -> bool:
    temporary = any(stage not in _LATE_STAGES or reply.startswith("4") for stage, reply in _mail_refusals(scene))
    return temporary or bool(scene.struck & MAIL_DOWN)
