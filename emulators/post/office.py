"""The post office: prints and posts what is submitted, and carries it on working days, Monday to Saturday.

Not covered: the PDF of a letter, forwarding to a new address, several deliveries a day.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import cached_property, partial
from typing import ClassVar

from starlette.applications import Starlette

from emulators.core.clock import BERLIN
from emulators.core.emulator import Door
from emulators.core.faults import Fault
from emulators.core.person import Address
from emulators.core.physics import Physics
from emulators.core.workdays import Workdays

from . import doors
from .api import build
from .faults import FAULTS, Damaged, Late, Lost, Misdelivered, Opened, PrintError, Returned
from .letter import Letter, LetterOrder, LetterStatus, smudged, tracking_number
from .letterbox import Letterbox, Place, place


@dataclass(frozen=True, slots=True)
class PostProfile:
    """How fast the post is. Since 2025 the law asks for 95 % on the third working day; two is the usual case.

    Letters submitted before `cut_off` are posted the same working day. A letter that cannot be delivered is
    back after `return_days` further working days.
    """

    transit_days: int = 2
    cut_off: time = time(17, 0)
    delivery_hour: time = time(11, 0)
    return_days: int = 2
    processing: timedelta = timedelta(minutes=5)
    printing: timedelta = timedelta(hours=1)


STANDARD = PostProfile()


class PostOffice:
    """The print-and-post service and all letterboxes of the world."""

    name: ClassVar[str] = "post"
    faults: ClassVar[Mapping[str, type[Fault]]] = FAULTS
    api_key: ClassVar[str] = "TEST-ONLY-post-key"

    def __init__(self, physics: Physics, profile: PostProfile = STANDARD) -> None:
        self.physics = physics
        self.profile = profile
        self.letters: dict[str, Letter] = {}
        self._letterboxes: dict[Place, Letterbox] = {}

    @cached_property
    def app(self) -> Starlette:
        """The sender's API as an ASGI app."""
        return build(self)

    def doors(self) -> Iterable[Door]:
        return doors.doors(self.name, self.app, self.physics)

    def household(self, name_on_letterbox: str, address: Address) -> Letterbox:
        """Put a name on the letterbox at `address`, and the letterbox there if there is none.

        Raises `ValueError` for an unknown Land.
        """
        key = place(*address.lines())
        if key not in self._letterboxes:
            self._letterboxes[key] = Letterbox(address, Workdays(address.land, saturday=True))
        letterbox = self._letterboxes[key]
        if name_on_letterbox not in letterbox.names:
            letterbox.names.append(name_on_letterbox)
        return letterbox

    def letterbox(self, address: Address) -> Letterbox:
        """The letterbox at `address`. Raises `LookupError` if nobody lives there."""
        try:
            return self._letterboxes[place(*address.lines())]
        except KeyError:
            raise LookupError(f"no letterbox at {', '.join(address.lines())}; call household() first") from None

    def submit(self, order: LetterOrder) -> Letter:
        """Take a letter to be printed and posted."""
        serial = len(self.letters) + 1
        letter = Letter(
            letter_id=f"L{serial:06d}",
            order=order,
            pages=order.pages,
            milestones=self._milestones(order),
            tracking_number=tracking_number(serial) if order.registered else None,
        )
        self.letters[letter.letter_id] = letter
        self._note(
            "posted", letter, reference=order.reference, recipient=list(order.recipient), pages=list(order.pages)
        )
        if self._print(letter):
            self._carry(letter)
        return letter

    def _milestones(self, order: LetterOrder) -> tuple[tuple[datetime, LetterStatus], ...]:
        """Status 1 now, 2 and 3 soon, 4 when the mail of the day is collected."""
        now, days = self.physics.clock.now, self._workdays(order)
        collected_today = now.timetz().replace(tzinfo=None) < self.profile.cut_off and days.is_workday(now.date())
        posted = datetime.combine(days.add(now.date(), 0 if collected_today else 1), self.profile.cut_off, BERLIN)
        processed, printed = (self.physics.clock.later(d) for d in (self.profile.processing, self.profile.printing))
        return (
            (now, LetterStatus.ACCEPTED),
            (min(processed, posted), LetterStatus.PROCESSED),
            (min(printed, posted), LetterStatus.AT_PRINT_CENTRE),
            (posted, LetterStatus.POSTED),
        )

    def _print(self, letter: Letter) -> bool:
        """Print the letter; false if the print centre rejects it."""
        hit = self.physics.faults.strike(self.name, "print")
        with self.physics.bent_by(hit):
            match hit and hit.fault:
                case Damaged():
                    letter.pages = tuple(smudged(page) for page in letter.pages)
                    self._note("damaged", letter, pages=list(letter.pages))
                case PrintError():
                    accepted, (processed, _), *_ = letter.milestones
                    letter.milestones = (accepted, (processed, LetterStatus.FAILED))
                    self._note("print_failed", letter)
                    return False
        return True

    def _carry(self, letter: Letter) -> None:
        hit = self.physics.faults.strike(self.name, "transit")
        days, transit = self._workdays(letter.order), self.profile.transit_days
        when, deed = transit, partial(self._deliver, letter)
        match hit and hit.fault:
            case Lost():
                deed = partial(self._note, "lost", letter)
            case Late(workdays=more):
                when = transit + more
            case Returned(reason=reason, after_workdays=more):
                when, deed = transit + more, partial(self._return, letter, reason)
            case Misdelivered():
                deed = partial(self._misdeliver, letter)
            case Opened():
                deed = partial(self._deliver, letter, opened=True)
        with self.physics.bent_by(hit):
            due = days.add_to(letter.posted_at, when, self.profile.delivery_hour)
            self.physics.at(due, deed, f"letter {letter.letter_id}")

    def _deliver(self, letter: Letter, opened: bool = False) -> None:
        letterbox = self._letterbox_for(letter.order)
        if letterbox is None:
            now, days = self.physics.clock.now, self._workdays(letter.order)
            back = partial(self._return, letter, "address_unknown")
            self.physics.at(days.add_to(now, self.profile.return_days), back, f"return of letter {letter.letter_id}")
            return
        self._drop(letter, letterbox, "delivered", opened)

    def _misdeliver(self, letter: Letter) -> None:
        right = self._letterbox_for(letter.order)
        wrong = next((box for box in self._letterboxes.values() if box is not right), None)
        if wrong is None:
            self._note("lost", letter)
            return
        self._drop(letter, wrong, "misdelivered", opened=False)

    def _drop(self, letter: Letter, letterbox: Letterbox, event: str, opened: bool) -> None:
        letter.opened = opened
        letter.delivered_at = self.physics.clock.now
        letterbox.letters.append(letter)
        self._note(event, letter, letterbox=letterbox.label, opened=opened)

    def _return(self, letter: Letter, reason: str) -> None:
        letter.returned = reason
        self._note("returned", letter, reason=reason)

    def _letterbox_for(self, order: LetterOrder) -> Letterbox | None:
        *names, street, city = order.recipient
        letterbox = self._letterboxes.get(place(street, city))
        return letterbox if letterbox is not None and letterbox.is_for(names) else None

    def _workdays(self, order: LetterOrder) -> Workdays:
        """The recipient's calendar. An address at which nobody lives has the nationwide holidays."""
        letterbox = self._letterboxes.get(place(*order.recipient[-2:]))
        return letterbox.workdays if letterbox else Workdays(saturday=True)

    def _note(self, event: str, letter: Letter, **data: object) -> None:
        self.physics.journal.write(self.name, event, letter_id=letter.letter_id, **data)
