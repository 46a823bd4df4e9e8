"""A step as a German sentence, for reports and for reviewers who do not read YAML."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from emulators.core.outcome import Outcome, Refused
from harness.scenario.steps import Act, ArmFault, Expect, SetPhone, Step, Until, Wait
from harness.wording import of_whom


def title_of(step: Step) -> str:
    """The step in one sentence."""
    match step:
        case Act():
            asked = f" – abgelehnt: {' oder '.join(step.refused)}" if step.refused else ""
            return step.action.sentence() + asked
        case ArmFault():
            which = "" if step.nth == 1 else f" (beim {step.nth}. Mal)"
            which += "" if step.times == 1 else f" ({step.times} Mal nacheinander)"
            return f"Störung: {step.emulator} – {step.kind}{_told(step.parameters)}{which}"
        case Wait(until_release_due=True):
            return "Warten, bis die Frist für die Freischaltung abgelaufen ist"
        case Wait():
            parts = [_counted(step.workdays, "Arbeitstag", "Arbeitstage")] if step.workdays else []
            parts += [_duration(step.duration)] if step.duration else []
            return f"Warten: {', '.join(parts) or 'einen Augenblick'}"
        case Until():
            return f"Warten bis {step.moment:%d.%m.%Y %H:%M}"
        case SetPhone():
            return f"Gerät einstellen{_told(step.settings)}{of_whom(step.by, step.on)}"
        case Expect():
            return f"Erwartet{_told(step.fields)}{of_whom(step.by, step.on)}"


def outcome_told(outcome: Outcome) -> str:
    """How an action ended, or should have."""
    notes = f" ({', '.join(outcome.notes)})" if outcome.notes else ""
    return f"abgelehnt: {outcome.reason}{notes}" if isinstance(outcome, Refused) else f"angenommen{notes}"


def _told(fields: Mapping[str, Any]) -> str:
    told = ", ".join(f"{name} = {_value(value)}" for name, value in fields.items())
    return f": {told}" if told else ""


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "ja" if value else "nein"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "nichts"
    return str(value)


def _duration(duration: timedelta) -> str:
    seconds = int(duration.total_seconds())
    for size, one, many in ((86400, "Tag", "Tage"), (3600, "Stunde", "Stunden"), (60, "Minute", "Minuten")):
        if seconds % size == 0 and seconds >= size:
            return _counted(seconds // size, one, many)
    return _counted(seconds, "Sekunde", "Sekunden")


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"
