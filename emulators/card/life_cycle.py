"""ACTIVATE, DEACTIVATE, TERMINATE, TERMINATE DF, TERMINATE CARD USAGE, DELETE (gemSpec_COS 14.2).

P1 says what is meant: 00 the current file, else folder; 10 the password that P2 names; 20 the private or symmetric
key that P2 names; 21 the public key that data object 83 names.
"""

from __future__ import annotations

from . import status
from .access import LifeCycle, Operation
from .apdu import CommandApdu, Response
from .chip import Chip
from .commands import DONE, demand, objects_in
from .keys import PublicKey
from .object_system import Thing
from .session import Session
from .status import CommandRefused

_CURRENT = 0x00
_KEY_REFERENCE = 0x83


def activate(chip: Chip, session: Session, command: CommandApdu) -> Response:
    return _turn(chip, session, command, Operation.ACTIVATE, LifeCycle.ACTIVE)


def deactivate(chip: Chip, session: Session, command: CommandApdu) -> Response:
    return _turn(chip, session, command, Operation.DEACTIVATE, LifeCycle.DEACTIVATED)


def terminate(chip: Chip, session: Session, command: CommandApdu) -> Response:
    """A file, password or key, for good; 6986 if none is current (gemSpec_COS N048.954 a.1)."""
    demand(command.p1 != _CURRENT or session.file is not None, status.NO_CURRENT_EF)
    return _turn(chip, session, command, Operation.TERMINATE, LifeCycle.TERMINATED)


def terminate_folder(chip: Chip, session: Session, command: CommandApdu) -> Response:
    """The current folder with all in it, for good."""
    demand((command.p1, command.p2) == (0, 0), chip.profile.wrong_p1_p2)
    return _change(chip, session, session.folder, Operation.TERMINATE, LifeCycle.TERMINATED)


def terminate_card(chip: Chip, session: Session, command: CommandApdu) -> Response:
    """The whole card: all that it still does is confirm this command, as the root's rule allows (gemSpec_COS N048.752).
    Channels close but for the first, which begins anew (N048.756)."""
    demand((command.p1, command.p2) == (0, 0), chip.profile.wrong_p1_p2)
    demand(session.may(Operation.TERMINATE, chip.system.root))
    chip.terminated = True
    session.start_over()
    return DONE


def delete(chip: Chip, session: Session, command: CommandApdu) -> Response:
    """An imported public key goes. No object system here lets files be deleted: 6982 by rule, 6A81 otherwise."""
    thing = _meant(chip, session, command)
    demand(session.may(Operation.DELETE, thing))
    if not isinstance(thing, PublicKey) or thing not in chip.learnt:
        raise CommandRefused(status.FUNCTION_NOT_SUPPORTED)
    chip.learnt.remove(thing)
    return DONE


def load_application(chip: Chip, session: Session, command: CommandApdu) -> Response:
    """6982 by the rule of the current folder (gemSpec_COS N039.100); who is allowed to (card management) learns that
    there is no room for more (6A84)."""
    demand(session.may(Operation.LOAD_APPLICATION, session.folder))
    raise CommandRefused(status.OUT_OF_MEMORY)


def _turn(chip: Chip, session: Session, command: CommandApdu, operation: Operation, state: LifeCycle) -> Response:
    thing = _meant(chip, session, command)
    if isinstance(thing, PublicKey):
        demand(session.may(operation, thing))
        raise CommandRefused(status.WRONG_FILE_TYPE)  # a key out of a certificate has no life cycle
    return _change(chip, session, thing, operation, state)


def _change(chip: Chip, session: Session, thing: Thing, operation: Operation, state: LifeCycle) -> Response:
    """6982 by rule, 6400 for what is terminated already."""
    demand(session.may(operation, thing))
    demand(chip.life_cycles.get(thing) is not LifeCycle.TERMINATED, status.KEY_INVALID)
    if state is LifeCycle.ACTIVE:
        chip.life_cycles.pop(thing, None)
    else:
        chip.life_cycles[thing] = state
    return DONE


def _meant(chip: Chip, session: Session, command: CommandApdu) -> Thing | PublicKey:
    found: Thing | PublicKey | None
    match command.p1:
        case 0x00:
            demand(command.p2 == 0, chip.profile.wrong_p1_p2)
            return session.file or session.folder
        case 0x10:
            found = chip.system.password(command.p2, session.folder)
        case 0x20:
            found = chip.system.key(command.p2, session.folder)
        case 0x21:
            found = chip.public_key(objects_in(command.data).get(_KEY_REFERENCE, b""))
        case _:
            raise CommandRefused(chip.profile.wrong_p1_p2)
    if found is None:
        raise CommandRefused(status.KEY_OR_PASSWORD_NOT_FOUND)
    return found
