"""The post office: prints and posts what is submitted, and carries it to the letterboxes of the world.

Not covered: Dialogpost, delivery abroad (such letters come back), several deliveries a day.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import ClassVar

from starlette.applications import Starlette

from emulators.core.clock import BERLIN, Timer, elapsed
from emulators.core.emulator import Door
from emulators.core.faults import Fault
from emulators.core.person import Address
from emulators.core.physics import Physics
from emulators.core.workdays import Workdays

from . import doors
from .api import build
from .carrier import Carrier
from .centre import PrintCentre
from .credentials import Credentials, credentials_of
from .faults import FAULTS, Backlog, PdfRejected
from .letter import Letter, LetterStatus, Milestone, QueueAnswer, tracking_number
from .letterbox import Letterbox, Letterboxes
from .order import LetterOrder, Problem, check
from .profile import STANDARD, PostProfile

_FAILSAFE = timedelta(hours=1)  # Source: E-POSTBUSINESS API, activateDuplicateFailsafe


class PostOffice:
    """The print-and-post service and all letterboxes of the world."""

    name: ClassVar[str] = "post"
    faults: ClassVar[Mapping[str, type[Fault]]] = FAULTS

    def __init__(self, physics: Physics, profile: PostProfile = STANDARD) -> None:
        self.physics = physics
        self.profile = profile
        self.letters: dict[str, Letter] = {}
        self._boxes = Letterboxes()
        self._centre = PrintCentre(physics, self._note)
        self._carrier = Carrier(physics, profile, self._boxes, self._note)
        self._releases: dict[int, Timer] = {}
        self._queried: datetime | None = None
        # Letters are posted where the sender is, and delivered on the working days of the recipient's Land.
        self._workdays = Workdays(physics.workdays.land, saturday=True)

    @cached_property
    def credentials(self) -> Credentials:
        """What senders log in with, TEST ONLY."""
        return credentials_of(self.physics)

    @property
    def api_key(self) -> str:
        """The login of the E-POST API in one string, `vendorID:ekp:secret:password`."""
        return self.credentials.line

    @cached_property
    def app(self) -> Starlette:
        """The senders' APIs as an ASGI app."""
        return build(self)

    def doors(self) -> Iterable[Door]:
        return doors.doors(self.name, self.app, self.physics)

    # -- letterboxes ----------------------------------------------------------------------------------------------

    def household(self, name_on_letterbox: str, address: Address) -> Letterbox:
        """Put a name on the letterbox at `address`, and the letterbox there if there is none.

        Raises `ValueError` for an unknown Land.
        """
        return self._boxes.put_up(name_on_letterbox, address)

    def letterbox(self, address: Address) -> Letterbox:
        """The letterbox at `address`. Raises `LookupError` if nobody lives there."""
        return self._boxes.at(address)

    def letters_at(self, address: Address) -> list[Letter]:
        """What the people of that address find, oldest first: also where they have moved to.

        Raises `LookupError` if nobody lives there.
        """
        box = self._boxes.at(address)
        return [*box.letters, *(box.moved_to.letters if box.moved_to else ())]

    def delivered(self) -> list[tuple[Letterbox, Letter]]:
        """All that has come, wherever it did, each with the letterbox it lies in; oldest first."""
        found = [(box, letter) for box in self._boxes for letter in box.letters]
        return sorted(found, key=lambda pair: (pair[1].delivered_at or pair[1].created_at).timestamp())

    # -- letters --------------------------------------------------------------------------------------------------

    def letter(self, number: int) -> Letter | None:
        """The order with that number, counted from 1."""
        return self.letters.get(_name(number))

    def submit(self, order: LetterOrder) -> Letter:
        """Take a letter to be checked, printed and posted. What is wrong with it is told later, by its status."""
        now = self.physics.clock.now
        checked = check(order, now.date())
        if order.failsafe and self._is_duplicate(order, now):
            problem = Problem("E324", "Diese Sendung wurde bereits innerhalb der letzten Stunde eingeliefert")
            checked = replace(checked, problems=(*checked.problems, problem))
        number = len(self.letters) + 1
        processed = self.physics.clock.later(self.profile.processing)
        verdict = LetterStatus.PROCESSED if checked.accepted else LetterStatus.FAILED
        letter = Letter(
            number=number,
            order=order,
            recipient=checked.recipient,
            sheets=checked.sheets,
            milestones=((now, LetterStatus.ACCEPTED), (processed, verdict)),
            letter_id=_name(number),
            problems=checked.problems,
            tracking_number=tracking_number(number) if order.registered and checked.accepted else None,
        )
        self.letters[letter.letter_id] = letter
        if not checked.accepted:
            self._note_rejection(letter)
        elif order.test:
            self._note("tested", letter, reference=order.file_name, recipient=list(letter.recipient))
        else:
            self._accept(letter)
        return letter

    def may_query(self) -> bool:
        """Whether enough time has passed since the last status query; counts this one if so."""
        now = self.physics.clock.now
        if self._queried is not None and elapsed(self._queried, now) < self.profile.status_interval:
            return False
        self._queried = now
        return True

    def cancel(self, number: int) -> QueueAnswer:
        """Stop a letter that has not reached the print centre yet."""
        letter = self.letter(number)
        if letter is None:
            return QueueAnswer.UNKNOWN
        now = self.physics.clock.now
        if letter.canceled or letter.order.test or letter.status(now) is LetterStatus.FAILED:
            return QueueAnswer.NOT_QUEUED
        enclosed = letter.inside is not None or bool(letter.enclosed)
        if enclosed or (not letter.queued and letter.status(now) >= LetterStatus.AT_PRINT_CENTRE):
            return QueueAnswer.IN_PRODUCTION
        self._unqueue(letter)
        self._carrier.stop(letter)
        letter.canceled = True
        letter.milestones = (letter.milestones[0], (now, LetterStatus.FAILED))
        letter.problems += (Problem("E700", "Versand auf Wunsch des Kunden abgebrochen"),)
        self._note("canceled", letter)
        return QueueAnswer.DONE

    def release(self, number: int) -> QueueAnswer:
        """Let a queued letter go into production before its day."""
        letter = self.letter(number)
        if letter is None:
            return QueueAnswer.UNKNOWN
        if not letter.queued:
            return QueueAnswer.IN_PRODUCTION if letter.order.queued_until else QueueAnswer.NOT_QUEUED
        self._produce(letter)
        return QueueAnswer.DONE

    def reschedule(self, number: int, day: date | None) -> QueueAnswer:
        """Give a queued letter another day, or with `None` let it go now."""
        letter = self.letter(number)
        if letter is None:
            return QueueAnswer.UNKNOWN
        if not letter.queued:
            return QueueAnswer.NOT_QUEUED
        self._unqueue(letter)
        letter.order = replace(letter.order, queued_until=day)
        self._queue_or_produce(letter)
        return QueueAnswer.DONE

    def _is_duplicate(self, order: LetterOrder, now: datetime) -> bool:
        """Whether a letter with the same PDF was submitted within the last hour, guarded like this one."""
        guarded = (le for le in self.letters.values() if le.order.failsafe)
        recent = (le for le in guarded if elapsed(le.created_at, now) < _FAILSAFE)
        return any(le.order.pdf == order.pdf and le.status(now) is not LetterStatus.FAILED for le in recent)

    def _accept(self, letter: Letter) -> None:
        data = {"recipient": list(letter.recipient), "pages": list(letter.pages)}
        self._note("posted", letter, reference=letter.order.file_name, **data)
        if not self._is_rejected_wrongly(letter):
            self._queue_or_produce(letter)

    def _is_rejected_wrongly(self, letter: Letter) -> bool:
        """Whether the check goes wrong and stops a letter that is in order."""
        hit = self.physics.faults.strike(self.name, "check")
        if hit is None or not isinstance(hit.fault, PdfRejected):
            return False
        problem = Problem(hit.fault.code, "Das PDF besteht die Prüfung nicht")
        accepted, (processed, _) = letter.milestones
        letter.milestones = (accepted, (processed, LetterStatus.FAILED))
        letter.problems += (problem,)
        letter.tracking_number = None
        with self.physics.bent_by(hit):
            self._note_rejection(letter)
        return True

    def _queue_or_produce(self, letter: Letter) -> None:
        day = letter.order.queued_until
        due = datetime.combine(day, self.profile.release_hour, BERLIN) if day else None
        if due is not None and elapsed(self.physics.clock.now, due) > timedelta(0):
            letter.queued = True
            label = f"release of letter {letter.letter_id}"
            self._releases[letter.number] = self.physics.at(due, lambda: self._produce(letter), label)
        else:
            self._produce(letter)

    def _produce(self, letter: Letter) -> None:
        self._unqueue(letter)
        hit = self.physics.faults.strike(self.name, "queue")
        waits = hit.fault.workdays if hit is not None and isinstance(hit.fault, Backlog) else 0
        with self.physics.bent_by(hit):
            letter.milestones = self._milestones(letter, waits)
            if waits:
                self._note("delayed", letter, until=letter.posted_at.date().isoformat())
            for envelope, behind in self._centre.produce(letter):
                self._carrier.carry(envelope, behind)

    def _unqueue(self, letter: Letter) -> None:
        letter.queued = False
        if letter.number in self._releases:
            self._releases.pop(letter.number).cancel()

    def _milestones(self, letter: Letter, waits: int) -> tuple[Milestone, ...]:
        """Status 1 and 2 as they are, 3 soon, 4 when the mail of the day is collected, `waits` working days later."""
        now, days = self.physics.clock.now, self._workdays
        collected_today = now.timetz().replace(tzinfo=None) < self.profile.cut_off and days.is_workday(now.date())
        posted = datetime.combine(days.add(now.date(), waits + (not collected_today)), self.profile.cut_off, BERLIN)
        accepted, (processed, _) = letter.milestones[:2]
        printed = self.physics.clock.later(self.profile.printing)
        return (
            accepted,
            (min(processed, posted, key=datetime.timestamp), LetterStatus.PROCESSED),
            (min(printed, posted, key=datetime.timestamp), LetterStatus.AT_PRINT_CENTRE),
            (posted, LetterStatus.POSTED),
        )

    def _note_rejection(self, letter: Letter) -> None:
        problems = [f"{problem.code} {problem.text}" for problem in letter.problems]
        self._note("rejected", letter, reference=letter.reference, problems=problems)

    def _note(self, event: str, letter: Letter, **data: object) -> None:
        self.physics.journal.write(self.name, event, letter_id=letter.letter_id, **data)


def _name(number: int) -> str:
    return f"L{number:06d}"
