"""What a file expects, beside what is there: fields of the view, and what can be counted in the world."""

from __future__ import annotations

from typing import Any

from harness.person import Hands

# Fields of `expect` that are counted in the world and not seen in the system.
WORLD_FIELDS = ("letterbox", "sms", "mails", "spam")


def count(hands: Hands, name: str, role: str) -> int:
    """How many letters, SMS or mails that person has."""
    world, person = hands.world, hands.person(role)
    match name:
        case "letterbox":
            return len(hands.letters(role))
        case "sms":
            return len(world.sms.handset(person.mobile).inbox)
        case "spam":
            return len(world.mail.mailbox(person.email).spam)
        case _:
            return len(world.mail.mailbox(person.email).inbox)


def same(seen: Any, wanted: Any) -> bool:
    if wanted == "empty":
        return seen in (0, None, ())
    if isinstance(wanted, list | tuple):
        return tuple(seen or ()) == tuple(wanted)
    return bool(seen == wanted)


def word(value: Any) -> str:
    """A value as a message says it."""
    if isinstance(value, tuple | list):
        return "(" + ", ".join(map(str, value)) + ")"
    return "empty" if value in (0, None) else str(value)
