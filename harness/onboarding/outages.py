"""Faults outside that the system under test must turn into a clear message and another try."""

from __future__ import annotations

from .rows import Refusal

SMS_DOWN = frozenset({"sms.outage", "sms.refused_connection", "sms.throttled"})
POST_DOWN = frozenset({"post.outage", "post.refused_connection"})
MAIL_DOWN = frozenset({"mail.outage", "mail.greylisted"})
MAIL_REFUSED = frozenset({"mail.bounced", "mail.filtered"})
IDENT_DOWN = frozenset({"ident.outage", "ident.refused_connection"})
BRANCH_DOWN = frozenset({"branch.outage"})


def mail_refusals(*requirements: str) -> tuple[Refusal, ...]:
    return (
        Refusal("mail_unavailable", requirements, lambda s: bool(s.struck & MAIL_DOWN)),
        Refusal("email_rejected", requirements, lambda s: bool(s.struck & MAIL_REFUSED)),
    )
