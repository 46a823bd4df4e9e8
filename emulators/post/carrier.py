"""The way of an envelope: from the print centre to a letterbox, or wherever else it ends."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import partial
from typing import ClassVar

from emulators.core.clock import Timer, moment_after
from emulators.core.faults import Fault
from emulators.core.person import Address
from emulators.core.physics import Physics
from emulators.core.workdays import Workdays

from .faults import (
    Forwarded,
    ForwardedToOldAddress,
    Late,
    Lost,
    Misdelivered,
    Opened,
    Overtaken,
    Returned,
    Scanned,
    Strike,
)
from .letter import Feedback, Letter
from .letterbox import Letterbox, Letterboxes
from .postcodes import land_of
from .profile import PostProfile

Note = Callable[..., object]


class Carrier:
    """Carries envelopes on the working days of the recipient's Land, Monday to Saturday."""

    name: ClassVar[str] = "post"

    def __init__(self, physics: Physics, profile: PostProfile, boxes: Letterboxes, note: Note) -> None:
        self._physics = physics
        self._profile = profile
        self._boxes = boxes
        self._note = note
        self._on_the_way: list[Letter] = []
        self._timers: dict[str, Timer] = {}
        self._strike_ends: date | None = None

    def carry(self, letter: Letter, behind: int = 0) -> None:
        """Take an envelope along; `behind` is by how many working days it leaves later than it was posted."""
        faults = self._physics.faults
        hit = faults.strike(self.name, "transit")
        before = self._one_before(letter)
        if hit is None and before is not None:
            hit = faults.strike(self.name, "transit.behind")
        days = self._boxes.workdays(letter.recipient)
        usual = self._profile.days_on_the_way(self._physics.randomness(f"post/way/{letter.letter_id}"))
        when, deed = self._way(letter, hit.fault if hit else None, usual, days)
        with self._physics.bent_by(hit):
            due = days.add_to(letter.posted_at, when + behind, self._profile.delivery_hour)
            if hit is not None and isinstance(hit.fault, Overtaken) and before is not None and before.due is not None:
                due = moment_after(before.due, timedelta(minutes=-1))
            letter.due = due
            self._on_the_way.append(letter)
            self._later(letter, due, deed)

    def stop(self, letter: Letter) -> None:
        """Take all envelopes of a letter back before they leave the print centre."""
        for envelope in [le for le in self._on_the_way if le.number == letter.number]:
            self._timers[envelope.letter_id].cancel()
            self._ended(envelope)

    def _one_before(self, letter: Letter) -> Letter | None:
        """The last letter to the same recipient that is on its way."""
        return next((le for le in reversed(self._on_the_way) if le.recipient == letter.recipient), None)

    def _later(self, letter: Letter, due: datetime, deed: Callable[[], object]) -> None:
        self._timers[letter.letter_id] = self._physics.at(due, deed, f"letter {letter.letter_id}")

    def _way(
        self, letter: Letter, fault: Fault | None, usual: int | None, days: Workdays
    ) -> tuple[int, Callable[[], object]]:
        """Working days after posting, and what happens then."""
        transit = self._profile.transit_days if usual is None else usual
        match fault:
            case Lost():
                return transit, partial(self._lose, letter)
            case Late(workdays=more):
                return transit + more, partial(self._deliver, letter)
            case Returned(reason=reason, after_workdays=more):
                attempt = days.add_to(letter.posted_at, transit, self._profile.delivery_hour)
                letter.feedback = Feedback(reason, days.add_to(attempt, self._profile.feedback_days))
                return transit + more, partial(self._return, letter, reason)
            case Misdelivered():
                return transit, partial(self._misdeliver, letter)
            case Forwarded(workdays=more):
                return transit, partial(self._forward, letter, more, "Nachsendeweg")
            case ForwardedToOldAddress(workdays=more):
                return transit, partial(self._forward, letter, more, "Alter Weg", lives_there=False)
            case Strike(workdays=length):
                self._strike_ends = days.add(letter.posted_at.date(), length)
                return transit, partial(self._deliver, letter)
            case Opened():
                return transit, partial(self._deliver, letter, opened=True)
            case Scanned(workdays=more) as scanned:
                return transit + more, partial(self._deliver, letter, opened=True, scanned=scanned)
            case None if usual is None:
                return transit, partial(self._lose, letter)
        return transit, partial(self._deliver, letter)

    # -- how a way ends -------------------------------------------------------------------------------------------

    def _deliver(self, letter: Letter, opened: bool = False, scanned: Scanned | None = None) -> None:
        now, days = self._physics.clock.now, self._boxes.workdays(letter.recipient)
        if self._strike_ends is not None and now.date() <= self._strike_ends:
            letter.due = days.add_to(datetime.combine(self._strike_ends, now.timetz()), 1, self._profile.delivery_hour)
            self._note("not_delivered", letter, because="strike", until=letter.due.date().isoformat())
            self._later(letter, letter.due, partial(self._deliver, letter, opened, scanned))
            return
        box = self._boxes.for_lines(letter.recipient)
        if box is None:
            letter.feedback = Feedback("unknown", days.add_to(now, self._profile.feedback_days))
            back = partial(self._return, letter, "address_unknown")
            self._later(letter, days.add_to(now, self._profile.return_days), back)
            return
        if scanned is not None:
            self._copy(letter, scanned)
        self._drop(letter, box.moved_to or box, "delivered", opened)

    def _copy(self, letter: Letter, scanned: Scanned) -> None:
        for one in (letter, *letter.enclosed):
            one.sheets = tuple(sheet.copied(scanned.dpi) for sheet in one.sheets)
            one.pin_field_open |= scanned.pin_field_open
            self._note("scanned", one, by="carer", dpi=scanned.dpi)

    def _misdeliver(self, letter: Letter) -> None:
        right = self._boxes.for_lines(letter.recipient)
        wrong = next((box for box in self._boxes if box is not right), None)
        if wrong is None:
            self._lose(letter)
            return
        self._drop(letter, wrong, "misdelivered")

    def _forward(self, letter: Letter, workdays: int, street: str, lives_there: bool = True) -> None:
        """Send the letter on to another address in the same place, where the recipient lives now, or did once."""
        city = letter.recipient[-1]
        home = self._boxes.for_lines(letter.recipient)
        land = home.address.land if home else land_of(city[:5])
        if home is None or land is None:
            self._deliver(letter)
            return
        address = Address(street, home.address.house_number, city[:5], city[6:], land)
        box = self._boxes.put_up(letter.recipient[0] if lives_there else "Nachmieter", address)
        if lives_there:
            home.moved_to = box
        days, now = home.workdays, self._physics.clock.now
        letter.feedback = Feedback("moved", days.add_to(now, self._profile.feedback_days), address)
        self._note("forwarded", letter, address=list(address.lines()))
        event = "delivered" if lives_there else "misdelivered"
        letter.due = days.add_to(now, workdays, self._profile.delivery_hour)
        self._later(letter, letter.due, partial(self._drop, letter, box, event))

    def _drop(self, letter: Letter, box: Letterbox, event: str, opened: bool = False) -> None:
        self._ended(letter)
        box.letters.append(letter)
        letter.opened = opened
        for one in (letter, *letter.enclosed):
            one.delivered_at = self._physics.clock.now
            stray = event == "delivered" and one.recipient != letter.recipient
            more: dict[str, object] = {"inside": letter.letter_id} if one is not letter else {}
            more |= {"pin_field_open": True} if one.pin_field_open else {}
            self._note("misdelivered" if stray else event, one, letterbox=box.label, opened=opened, **more)

    def _lose(self, letter: Letter) -> None:
        self._ended(letter)
        for one in (letter, *letter.enclosed):
            self._note("lost", one)

    def _return(self, letter: Letter, reason: str) -> None:
        self._ended(letter)
        for one in (letter, *letter.enclosed):
            one.returned, one.returned_at = reason, self._physics.clock.now
            self._note("returned", one, reason=reason)

    def _ended(self, letter: Letter) -> None:
        self._on_the_way.remove(letter)
        self._timers.pop(letter.letter_id, None)
