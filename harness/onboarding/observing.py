"""What the rules learn from the journal: codes that went out, cases that were decided, letters that came.

Every SMS, letter and mail must be owed to somebody; what nobody is owed is a deviation (a PIN by SMS, a letter to
another address, a second release), and so is a debt that is not paid in time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from emulators.core.clock import elapsed
from emulators.core.journal import Entry
from harness.reading import activation_code_in, pin_in, tan_in

from .identity import verdict
from .outages import MAIL_UNHEARD, POST_UNHEARD, SMS_UNHEARD
from .releasing import end_of_workday, released
from .rows import Deviation, Duty
from .situation import Account, Evidence, Issued, Situation

PASSED = frozenset({"SUCCESS", "SUCCESS_WITH_CHANGES"})
REFUSED = frozenset({"REJECTED", "ABANDONED", "CANCELLED", "EXPIRED", "ERROR", "RETRY"})

# Why a case ended before the provider came to a judgement.
_ENDED_BY: Mapping[str, tuple[str, ...]] = {
    "CANCELLED": ("IDN-04",),
    "EXPIRED": ("IDN-03",),
    "ABANDONED": ("IDN-08", "IDN-06"),
    "ERROR": ("IDN-08", "IDN-11"),
}

# Faults by which the insurer may learn a decision later, and the requirement that it does learn it.
_BENT_BY: Mapping[str, str] = {
    "webhook": "IDN-10",
    "result": "IDN-10",
    "outage": "IDN-11",
    "refused_connection": "IDN-11",
    "line_": "IDN-11",
}

# What is owed, by the requirement that forbids sending it to anyone or anywhere else.
STRAY = {"sms": ("TAN-01",), "post": ("PST-01", "REL-03", "IDN-10"), "mail": ("NEW-06", "SET-07")}


@dataclass
class Debts:
    """Duties that are not yet fulfilled."""

    open: list[Duty]
    named: set[str]  # the requirements of what was fulfilled

    def settle(self, kinds: tuple[str, ...], to: str) -> Duty | None:
        """Take out the oldest debt of one of these kinds to that address."""
        for duty in self.open:
            if duty.kind in kinds and duty.to in ("", to):
                self.open.remove(duty)
                self.named.update(duty.requirements)
                return duty
        return None

    def overdue(self, now: datetime, *, settled: bool = False) -> list[Deviation]:
        """What should have been fulfilled before `now`; when all has `settled`, also what is due at this moment."""

        def is_late(duty: Duty) -> bool:
            late = elapsed(duty.by, now)
            return late > timedelta(0) or (settled and not late)

        late = [d for d in self.open if is_late(d)]
        self.open = [d for d in self.open if not is_late(d)]
        return [Deviation(f"no {d.kind}{f' to {d.to}' if d.to else ''}", "one is owed", d.requirements) for d in late]


class Observer:
    """Reads journal entries into the situation. One for each `Rules`."""

    def __init__(self, situation: Situation, debts: Debts) -> None:
        self._situation = situation
        self._debts = debts
        self._letters: dict[str, tuple[str, Account]] = {}  # letter id -> kind and whose
        self._unheard: dict[tuple[str, str], Duty] = {}  # kind and address of letters that may be sent once more

    def observe(self, entry: Entry) -> list[Deviation]:
        """Take note of one entry; returns what the rules do not allow in it."""
        read = _READERS.get((entry.channel, entry.event))
        return read(self, entry.data, entry) if read else []

    # -- messages -------------------------------------------------------------------------------------------------

    def _sms(self, data: Mapping[str, Any], entry: Entry) -> list[Deviation]:
        duty = self._debts.settle(("sms_tan",), data["to"])
        tan = tan_in(data["body"])
        if duty is None and tan is not None and entry.cause.fault in SMS_UNHEARD:
            return self._void_tan(tan, data["to"])
        if duty is None or tan is None:
            return [Deviation(f"an SMS to {data['to']}: {data['body']!r}", "none is owed there", STRAY["sms"])]
        duty.account.tan = Issued(tan, entry.at, data["to"])
        return _new(duty.account, tan, "TAN", "TAN-06")

    def _void_tan(self, tan: str, to: str) -> list[Deviation]:
        """The request for it was said to have failed, so this TAN never counts; it must not go astray all the same."""
        account = next((a for a in self._situation.accounts.values() if a.mobile == to), None)
        if account is None:
            return [Deviation(f"an SMS with a TAN to {to}", "nobody has given that number", STRAY["sms"])]
        return _new(account, tan, "TAN", "TAN-06")

    def _sms_undelivered(self, data: Mapping[str, Any], entry: Entry) -> list[Deviation]:
        for account in self._situation.accounts.values():
            if account.tan is not None and account.tan.to == data["to"] and account.state["tan"] == "sent":
                account.state["tan"] = "undelivered"
        return []

    def _mail(self, data: Mapping[str, Any], entry: Entry) -> list[Deviation]:
        to = data["to"][0]
        duty = self._debts.settle(("mail_link", "mail_setup"), to)
        if duty is None and entry.cause.fault in MAIL_UNHEARD:
            return []  # it was said to have failed, so its link never counts
        if duty is None or len(data["to"]) != 1:
            return [Deviation(f"a mail to {', '.join(data['to'])}", "none is owed there", STRAY["mail"])]
        if not data["links"]:
            return [Deviation(f"a mail to {to} without a link", "one to confirm the address with", duty.requirements)]
        links = duty.account.links if duty.kind == "mail_link" else duty.account.setup_links
        links.append(Issued(data["links"][0], entry.at, to))
        return []

    def _images_blocked(self, data: Mapping[str, Any], entry: Entry) -> list[Deviation]:
        """Who sees no images must still find the link: by words, or by the alternative text of the button."""
        if data["links"] or not data["hidden_links"]:
            return []
        setup = {link.value for account in self._situation.accounts.values() for link in account.setup_links}
        requirement = "SET-07" if setup.intersection(data["hidden_links"]) else "NEW-06"
        text = f"a mail to {data['to']} in which nothing can be clicked once its images are blocked"
        return [Deviation(text, "a link with words or with an alternative text", (requirement,))]

    def _letter(self, data: Mapping[str, Any], entry: Entry) -> list[Deviation]:
        text = "\n".join(data["pages"])
        address = " / ".join(data["recipient"][-2:])
        kind = _kind_of(text)
        unheard = entry.cause.fault in POST_UNHEARD
        duty = self._debts.settle((kind,), address) or self._unheard.pop((kind, address), None)
        if duty is None and unheard and self._is_registered(address):
            return []  # the request was said to have failed, so the code in this letter never counts
        if duty is None:
            return [Deviation(f"a letter ({kind}) to {address}", "none is owed there", STRAY["post"])]
        if unheard:
            self._unheard[kind, address] = duty
        account = duty.account
        self._letters[str(data["letter_id"])] = (kind, account)
        if kind == "letter_activation":
            account.letter = Issued(activation_code_in(text) or "", entry.at, address)
            return _new(account, account.letter.value, "activation code", "PST-06")
        if kind == "letter_pin":
            return self._pin_letter(account, pin_in(text) or "", entry.at)
        return []

    def _is_registered(self, address: str) -> bool:
        people = (account.person for account in self._situation.accounts.values())
        return any(address == " / ".join(person.address.lines()) for person in people)

    def _pin_letter(self, account: Account, pin: str, at: datetime) -> list[Deviation]:
        account.pins.append(pin)
        account.state["pin"] = "sent"
        found = released(self._situation, account, at)
        if pin != account.card.data.pin:
            found.append(
                Deviation(f"a PIN letter with {pin}", f"the card's PIN is {account.card.data.pin}", ("REL-03",))
            )
        return found

    def _letter_came(self, data: Mapping[str, Any], entry: Entry) -> list[Deviation]:
        kind, account = self._letters.get(data["letter_id"], ("", None))
        if account is not None and kind == "letter_pin":
            account.state["pin"] = "held"
        if account is not None and kind == "letter_card":
            account.card_came = True
        return []

    # -- identity -------------------------------------------------------------------------------------------------

    def _case_created(self, data: Mapping[str, Any], entry: Entry) -> list[Deviation]:
        duty = self._debts.settle(("case",), "")
        if duty is None:
            return [Deviation("a case at the ident provider", "none without following the link", ("IDN-01",))]
        duty.account.evidence.case_id = data["case_id"]
        return []

    def _case_state(self, data: Mapping[str, Any], entry: Entry) -> list[Deviation]:
        account = next((a for a in self._situation.accounts.values() if a.evidence.case_id == data["case_id"]), None)
        if account is None:
            return []
        match data["to"]:
            case "PROCESSING":
                account.state["identity"] = "running"
                return []
            case "REVOKED":
                self._revoked(account)
                return []
            case state if state not in PASSED | REFUSED:
                return []
        account.decided_at, account.decided_bent = entry.at, entry.cause.fault is not None
        account.ident_step = "none"
        must_pass, account.decided_by = verdict(account)
        if data["to"] in REFUSED:
            account.decided_by = _ENDED_BY.get(data["to"], account.decided_by)
            account.state["identity"] = "refused"
            found = self._refused_rightly(account, data) if must_pass else []
            if data["to"] == "RETRY":
                shown = account.evidence
                account.evidence = Evidence(shown.entitled, shown.day, shown.case_id)
                account.ident_step = "document_front"
            return found
        if not must_pass:
            return [Deviation("the ident provider lets the case pass", "it must not", account.decided_by)]
        account.state["identity"] = "passed"
        self.prove(account, entry.at)
        return []

    def _refused_rightly(self, account: Account, data: Mapping[str, Any]) -> list[Deviation]:
        if data["to"] == "REJECTED" and not account.decided_bent and not account.ident_left:
            reasons = ", ".join(data["reasons"])
            return [Deviation(f"the ident provider rejects the case ({reasons})", "it passes", account.decided_by)]
        return []

    def _revoked(self, account: Account) -> None:
        """The provider takes a success back: what has not been released is not released any more (IDN-10)."""
        account.state["identity"] = "refused"
        if account.state["release"] == "pending":
            account.state["release"] = "released" if account.releases else "none"
            account.release_due = None
            self._debts.open = [d for d in self._debts.open if (d.kind, d.account) != ("letter_pin", account)]

    def prove(self, account: Account, at: datetime) -> None:
        """The identity is proved: the release and the PIN letter are due by the end of the next working day."""
        account.card_shown = True
        account.release_due, account.release_pending_at = end_of_workday(self._situation, at), None
        account.state["release"] = "pending"
        address = " / ".join(account.person.address.lines())
        due = end_of_workday(self._situation, account.release_due)
        self._debts.open.append(Duty("letter_pin", address, ("REL-03", "SWI-02", "NOA-01"), account, due))

    def _appointment(self, data: Mapping[str, Any], entry: Entry) -> list[Deviation]:
        for account in self._situation.accounts.values():
            if account.person.kvnr == data["kvnr"]:
                account.appointments.add(date.fromisoformat(data["at"][:10]))
        return []

    def _message_bent(self, data: Mapping[str, Any], entry: Entry) -> list[Deviation]:
        """A fault of the provider's messages, or of its line: the insurer may learn the result later."""
        requirement = next((r for kind, r in _BENT_BY.items() if data["kind"].startswith(kind)), "")
        if data["emulator"] == "ident" and requirement:
            for account in self._situation.accounts.values():
                if account.evidence.case_id:
                    account.lag = requirement
        return []

    def _card_revoked(self, data: Mapping[str, Any], entry: Entry) -> list[Deviation]:
        for account in self._situation.accounts.values():
            account.card_revoked = account.card_revoked or account.card.data.iccsn == data["iccsn"]
        return []


def _new(account: Account, code: str, kind: str, requirement: str) -> list[Deviation]:
    """A code that is sent once more under the name of a new one has not become invalid."""
    again = code in account.codes
    account.codes.add(code)
    return [Deviation(f"the {kind} {code} a second time", "a new one", (requirement,))] if again else []


def _kind_of(text: str) -> str:
    if pin_in(text):
        return "letter_pin"
    return "letter_activation" if activation_code_in(text) else "letter_card"


Reader = Callable[[Observer, Mapping[str, Any], Entry], list[Deviation]]

_READERS: dict[tuple[str, str], Reader] = {
    ("sms", "submitted"): Observer._sms,
    ("sms", "undelivered"): Observer._sms_undelivered,
    ("mail", "accepted"): Observer._mail,
    ("mail", "images.blocked"): Observer._images_blocked,
    ("post", "posted"): Observer._letter,
    ("post", "delivered"): Observer._letter_came,
    ("ident", "case.created"): Observer._case_created,
    ("ident", "case.state"): Observer._case_state,
    ("branch", "appointment.booked"): Observer._appointment,
    ("fault", "struck"): Observer._message_bent,
    ("card", "revoked"): Observer._card_revoked,
}
