"""READ, SEARCH, UPDATE, APPEND, ERASE, DELETE, ACTIVATE and DEACTIVATE RECORD (gemSpec_COS 14.4).

P1 is the number of a record, from 1; P2 = SFID << 3 | mode, SFID 0 for the current file. Of a cyclic file record 1 is
the youngest. Order of refusals: file, rule, kind of file, record.
"""

from __future__ import annotations

from . import status
from .access import Operation
from .apdu import CommandApdu, Response
from .chip import Chip, Record
from .commands import DONE, demand, file_in_question, up_to_ne
from .filesystem import RecordFile, RecordKind
from .session import Session
from .status import CommandRefused

_APPEND, _ONE, _FROM_HERE_ON = 0x00, 0x04, 0x05
_MODE = 0x07


def _records(
    chip: Chip, session: Session, command: CommandApdu, operation: Operation, modes: tuple[int, ...] = (_ONE,)
) -> tuple[RecordFile, list[Record]]:
    """The file in question with its records, once the rule for `operation` is fulfilled."""
    demand(command.p2 & _MODE in modes, chip.profile.wrong_p1_p2)
    file = file_in_question(session, command.p2 >> 3)
    demand(session.may(operation, file))
    if not isinstance(file, RecordFile):
        raise CommandRefused(status.WRONG_FILE_TYPE)
    return file, chip.records(file)


def _number(command: CommandApdu, records: list[Record]) -> int:
    """The place in the list that P1 names."""
    demand(1 <= command.p1 <= len(records), status.RECORD_NOT_FOUND)
    return command.p1 - 1


def read_record(chip: Chip, session: Session, command: CommandApdu) -> Response:
    _, records = _records(chip, session, command, Operation.READ_RECORD)
    record = records[_number(command, records)]
    demand(record.active, status.RECORD_DEACTIVATED)
    return up_to_ne(chip, command, record.data)


def search_record(chip: Chip, session: Session, command: CommandApdu) -> Response:
    """The numbers, an octet each, of active records from P1 on that hold the search string; 6282 for none."""
    _, records = _records(chip, session, command, Operation.SEARCH_RECORD)
    first = _number(command, records)
    demand(bool(command.data) and command.ne > 0, chip.profile.wrong_length)
    found = bytes(
        number + 1
        for number, record in enumerate(records)
        if number >= first and record.active and command.data in record.data
    )
    return up_to_ne(chip, command, found) if found else Response(b"", status.END_OF_FILE)


def update_record(chip: Chip, session: Session, command: CommandApdu) -> Response:
    file, records = _records(chip, session, command, Operation.UPDATE_RECORD)
    record = records[_number(command, records)]
    demand(record.active, status.RECORD_DEACTIVATED)
    _demand_size(file, command.data)
    _demand_room(file, records, len(command.data) - len(record.data))
    record.data = command.data
    return DONE


def append_record(chip: Chip, session: Session, command: CommandApdu) -> Response:
    """P1=00. A full cyclic file loses its oldest record, any other answers 6A84."""
    file, records = _records(chip, session, command, Operation.APPEND_RECORD, (_APPEND,))
    demand(command.p1 == 0, chip.profile.wrong_p1_p2)
    _demand_size(file, command.data)
    if file.kind is RecordKind.CYCLIC:
        records.insert(0, Record(command.data))
        del records[file.records :]
        return DONE
    demand(len(records) < file.records, status.OUT_OF_MEMORY)
    _demand_room(file, records, len(command.data))
    records.append(Record(command.data))
    return DONE


def erase_record(chip: Chip, session: Session, command: CommandApdu) -> Response:
    """As many zeros as it had octets (gemSpec_COS N064.800 a)."""
    _, records = _records(chip, session, command, Operation.ERASE_RECORD)
    record = records[_number(command, records)]
    demand(record.active, status.RECORD_DEACTIVATED)
    record.data = bytes(len(record.data))
    return DONE


def delete_record(chip: Chip, session: Session, command: CommandApdu) -> Response:
    """The record goes, those behind it move up; 6287 for a hidden one (gemSpec_COS N063.440)."""
    _, records = _records(chip, session, command, Operation.DELETE_RECORD)
    number = _number(command, records)
    demand(records[number].active, status.RECORD_DEACTIVATED)
    del records[number]
    return DONE


def activate_record(chip: Chip, session: Session, command: CommandApdu) -> Response:
    return _switch(chip, session, command, Operation.ACTIVATE_RECORD, active=True)


def deactivate_record(chip: Chip, session: Session, command: CommandApdu) -> Response:
    return _switch(chip, session, command, Operation.DEACTIVATE_RECORD, active=False)


def _switch(chip: Chip, session: Session, command: CommandApdu, operation: Operation, *, active: bool) -> Response:
    """One record (P2 mode 4) or all from there on (mode 5); 6985 in a file whose records have no life cycle."""
    file, records = _records(chip, session, command, operation, (_ONE, _FROM_HERE_ON))
    demand(file.record_life_cycle, status.CONDITIONS_NOT_SATISFIED)
    first = _number(command, records)
    last = len(records) if command.p2 & _MODE == _FROM_HERE_ON else first + 1
    for record in records[first:last]:
        record.active = active
    return DONE


def _demand_size(file: RecordFile, data: bytes) -> None:
    exact = file.kind is not RecordKind.LINEAR_VARIABLE
    fits = len(data) == file.record_size if exact else 0 < len(data) <= file.record_size
    demand(fits, status.WRONG_LENGTH)


def _demand_room(file: RecordFile, records: list[Record], more: int) -> None:
    if more > 0:
        demand(sum(len(record.data) for record in records) + more <= file.size, status.OUT_OF_MEMORY)
