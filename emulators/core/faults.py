"""Faults are declared by emulators, armed by scenarios, counted, and never a matter of dice.

An emulator declares its kinds as small models; each kind names the `point` at which it strikes (for post:
`transit`, `print`…). The emulator asks `strike(...)` once each time it passes a point. What is still armed at
the end of a scenario was never hit, and that fails the scenario.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from .journal import Cause, Journal


class Fault(BaseModel):
    """A kind of fault: a subclass with typed parameters, a one-line docstring, and the point it strikes at."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    point: ClassVar[str]

    @classmethod
    def about(cls) -> str:
        """The first line of the docstring, as documentation."""
        return (cls.__doc__ or "").strip().splitlines()[0]


class UnknownFault(ValueError):
    """The emulator or its fault kind is not known, or a parameter does not fit; the text says what would."""


@dataclass(eq=False)
class Armed:
    """A fault waiting to strike at the `nth` event that passes its point (1 is the next), and then `times` in a row."""

    emulator: str
    kind: str
    fault: Fault
    nth: int = 1
    cause: Cause = field(default_factory=Cause)
    times: int = 1

    @property
    def name(self) -> str:
        return f"{self.emulator}.{self.kind}"


class Faults:
    """The faults of one world.

    `armed` are those that wait to strike. It is empty as a rule: who passes points thousands of times a second may look
    there before asking.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._known: dict[str, Mapping[str, type[Fault]]] = {}
        self.armed: list[Armed] = []

    def declare(self, emulator: str, kinds: Mapping[str, type[Fault]]) -> None:
        """Make the kinds of an emulator known. The world does this when it is put together."""
        self._known[emulator] = kinds

    @property
    def known(self) -> Mapping[str, Mapping[str, type[Fault]]]:
        """All that can be armed, by emulator and kind."""
        return self._known

    def arm(
        self, emulator: str, kind: str, parameters: Mapping[str, Any] | None = None, *, nth: int = 1, times: int = 1
    ) -> Armed:
        """Arm a fault for `times` events in a row at its point, beginning with the `nth`.

        Raises `UnknownFault` for an emulator, kind or parameter that does not exist, or a number below 1.
        """
        if emulator not in self._known:
            raise UnknownFault(f"no emulator '{emulator}'; known: {', '.join(sorted(self._known))}")
        if kind not in self._known[emulator]:
            known = ", ".join(self._known[emulator])
            raise UnknownFault(f"fault '{kind}' is not known to '{emulator}'; known: {known}")
        try:
            fault = self._known[emulator][kind].model_validate(parameters or {})
        except ValidationError as error:
            raise UnknownFault(f"fault '{kind}' of '{emulator}': {'; '.join(map(_told, error.errors()))}") from error
        if nth < 1:
            raise UnknownFault(
                f"fault '{kind}' of '{emulator}' can strike at the 1st event or a later one, not at {nth}"
            )
        if times < 1:
            raise UnknownFault(f"fault '{kind}' of '{emulator}' can strike once or more often, not {times} times")
        armed = Armed(emulator, kind, fault, nth, self._journal.cause, times)
        self.armed.append(armed)
        parameters = fault.model_dump(mode="json")
        often = {"times": times} if times > 1 else {}
        self._journal.write("fault", "armed", emulator=emulator, kind=kind, nth=nth, **often, parameters=parameters)
        return armed

    def strike(self, emulator: str, point: str, where: Callable[[Fault], bool] = lambda _: True) -> Armed | None:
        """The armed fault whose turn it is at this point, or `None`. Counts the event for all others waiting there.

        `where` says which faults the event concerns (one may be for certain recipients only); for no other it counts.
        """
        if not self.armed:
            return None
        hit: Armed | None = None
        for armed in self.armed:
            if armed.emulator == emulator and armed.fault.point == point and where(armed.fault):
                armed.nth -= 1
                if armed.nth <= 0 and hit is None:
                    hit = armed
        if hit is not None:
            hit.times -= 1
            if not hit.times:
                self.armed.remove(hit)
            self._journal.write("fault", "struck", emulator=emulator, kind=hit.kind)
        return hit

    @property
    def unspent(self) -> tuple[Armed, ...]:
        """Armed and not hit, or not as often as asked for."""
        return tuple(self.armed)


def _told(detail: ErrorDetails) -> str:
    """What is wrong, after the parameter that it is about; one about several together names none."""
    where, what = ".".join(map(str, detail["loc"])), detail["msg"].removeprefix("Value error, ")
    return f"{where}: {what}" if where else what
