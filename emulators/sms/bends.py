"""What each fault of the delivery does to the message it strikes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from emulators.core.faults import Fault

from . import delivery_faults as faults
from .coding import in_alphabet
from .handset import Hindrance
from .message import Message, Part, Status
from .network import Cut, Network, Passage

Bend = Callable[[Network, Message, Any], None]


def bend(network: Network, message: Message, fault: Fault) -> None:
    """Let `fault` do to `message` what its doc line says."""
    _BENDS[type(fault)](network, message, fault)


def _lost(network: Network, message: Message, _: faults.Lost) -> None:
    network.fail(message, 30003)


def _vanished(network: Network, message: Message, _: faults.Vanished) -> None:
    network.write("vanished", sid=message.sid, to=message.to)


def _late(network: Network, message: Message, fault: faults.Late) -> None:
    # Of each message's own, so that one more message changes no other's delay.
    random = network.physics.randomness(f"sms/delay/{message.sid}")
    _delayed(network, message, fault.delay.of(network.physics.clock.now, random))


def _duplicate(network: Network, message: Message, fault: faults.Duplicate) -> None:
    network.arrive(message)
    network.write("duplicated", sid=message.sid, to=message.to, minutes=fault.minutes)
    network.arrive_later(timedelta(minutes=fault.minutes), message)


def _overtaken(network: Network, message: Message, fault: faults.Overtaken) -> None:
    network.write("held_back", sid=message.sid, to=message.to, minutes=fault.minutes)
    release = network.hold_back(message)
    network.physics.later(timedelta(minutes=fault.minutes), release, f"sms {message.sid} arrives after all")


def _undeliverable(network: Network, message: Message, fault: faults.Undeliverable) -> None:
    network.fail(message, fault.code, fault.network_error, fault.status)


def _sender_rewritten(network: Network, message: Message, fault: faults.SenderRewritten) -> None:
    network.write("altered", sid=message.sid, to=message.to, **{"from": fault.sender})
    network.arrive(message, Passage(sender=fault.sender))


def _question_marks(network: Network, message: Message, _: faults.QuestionMarks) -> None:
    _altered(network, message, lambda text: "".join(char if in_alphabet(char) else "?" for char in text))


def _truncated(network: Network, message: Message, fault: faults.Truncated) -> None:
    _altered(network, message, lambda text: text[: fault.characters])


def _flash(network: Network, message: Message, _: faults.Flash) -> None:
    network.arrive(message, Passage(flash=True))


def _segment_missing(network: Network, message: Message, fault: faults.SegmentMissing) -> None:
    cut, at, part = _chosen(network, message, fault.number)
    network.write("segment.lost", sid=message.sid, to=message.to, number=part.number, total=part.total)
    if len(cut(message)) > 1:
        network.arrive(message, Passage(segments=lambda it: cut(it)[:at] + cut(it)[at + 1 :], reported=False))


def _segments_reordered(network: Network, message: Message, _: faults.SegmentsReordered) -> None:
    cut = network.cut()
    network.write("segments.reordered", sid=message.sid, to=message.to, total=len(cut(message)))
    network.arrive(message, Passage(segments=lambda it: cut(it)[::-1]))


def _segment_late(network: Network, message: Message, fault: faults.SegmentLate) -> None:
    cut, at, part = _chosen(network, message, fault.number)
    network.write("segment.late", sid=message.sid, to=message.to, number=part.number, minutes=fault.minutes)
    if len(cut(message)) > 1:
        others = Passage(segments=lambda it: cut(it)[:at] + cut(it)[at + 1 :], reported=False, more=True)
        network.arrive(message, others)
    late = Passage(segments=lambda it: cut(it)[at : at + 1])
    network.arrive_later(timedelta(minutes=fault.minutes), message, late)


def _switched_off(network: Network, message: Message, fault: faults.SwitchedOff) -> None:
    _hindered(network, message, Hindrance.OFF, fault.hours)


def _memory_full(network: Network, message: Message, fault: faults.MemoryFull) -> None:
    _hindered(network, message, Hindrance.MEMORY_FULL, fault.hours)


def _roaming(network: Network, message: Message, fault: faults.Roaming) -> None:
    if fault.arrives:
        _delayed(network, message, timedelta(minutes=fault.minutes))
    else:
        _report_only(network, message)


def _sim_swapped(network: Network, message: Message, fault: faults.SimSwapped) -> None:
    network.write("sim.swapped", number=message.to, holder=fault.holder)
    network.move_sim(message.to)
    network.arrive(message)


def _wrong_device(network: Network, message: Message, _: faults.WrongDevice) -> None:
    network.write("misrouted", sid=message.sid, to=message.to)
    network.arrive(message, Passage(handset=network.another_handset(message.to)))


def _opts_out(network: Network, message: Message, _: faults.OptsOut) -> None:
    network.arrive(message)
    network.receive(message.to, message.sender, "STOP")


def _never_shown(network: Network, message: Message, _: faults.NeverShown) -> None:
    _report_only(network, message)


def _receipt_missing(network: Network, message: Message, _: faults.ReceiptMissing) -> None:
    network.write("receipt.lost", sid=message.sid, to=message.to)
    network.arrive(message, Passage(reported=False))


def _receipt_late(network: Network, message: Message, fault: faults.ReceiptLate) -> None:
    network.arrive(message, Passage(reported=False))

    def report() -> None:
        if not message.status.final:
            network.turn(message, Status.DELIVERED, None, 0)

    network.physics.later(timedelta(minutes=fault.minutes), report, f"receipt of sms {message.sid}")


def _receipt_contradicts(network: Network, message: Message, _: faults.ReceiptContradicts) -> None:
    network.arrive(message, Passage(reported=False))
    network.fail(message, 30008)


def _altered(network: Network, message: Message, alter: Callable[[str], str]) -> None:
    network.write("altered", sid=message.sid, to=message.to, text=alter(message.body))
    network.arrive(message, Passage(text=alter))


def _chosen(network: Network, message: Message, number: int) -> tuple[Cut, int, Part]:
    """A way to cut the message, and which of its parts a fault strikes: the last if there are not so many."""
    cut = network.cut()
    parts = cut(message)
    at = min(number, len(parts)) - 1
    return cut, at, parts[at][0]


def _delayed(network: Network, message: Message, delay: timedelta) -> None:
    until = network.physics.clock.later(delay).isoformat()
    network.write("delayed", sid=message.sid, to=message.to, seconds=int(delay.total_seconds()), until=until)
    network.arrive_later(delay, message)


def _report_only(network: Network, message: Message) -> None:
    network.write("receipt.false", sid=message.sid, to=message.to)
    network.turn(message, Status.DELIVERED, None, 0)


def _hindered(network: Network, message: Message, hindrance: Hindrance, hours: int) -> None:
    handset = network.holder(message.to)
    if handset is not None:
        handset.hinder(hindrance)
        network.physics.later(timedelta(hours=hours), lambda: handset.recover(hindrance), f"{message.to} is back")
    network.arrive(message)


_BENDS: Mapping[type[Fault], Bend] = {
    faults.Lost: _lost,
    faults.Vanished: _vanished,
    faults.Late: _late,
    faults.Duplicate: _duplicate,
    faults.Overtaken: _overtaken,
    faults.Absent: _undeliverable,
    faults.Unassigned: _undeliverable,
    faults.Landline: _undeliverable,
    faults.Ported: _undeliverable,
    faults.ContentFiltered: _undeliverable,
    faults.Blocked: _undeliverable,
    faults.Suspended: _undeliverable,
    faults.SenderRewritten: _sender_rewritten,
    faults.QuestionMarks: _question_marks,
    faults.Truncated: _truncated,
    faults.Flash: _flash,
    faults.SegmentMissing: _segment_missing,
    faults.SegmentsReordered: _segments_reordered,
    faults.SegmentLate: _segment_late,
    faults.SwitchedOff: _switched_off,
    faults.MemoryFull: _memory_full,
    faults.Roaming: _roaming,
    faults.SimSwapped: _sim_swapped,
    faults.WrongDevice: _wrong_device,
    faults.OptsOut: _opts_out,
    faults.NeverShown: _never_shown,
    faults.ReceiptMissing: _receipt_missing,
    faults.ReceiptLate: _receipt_late,
    faults.ReceiptContradicts: _receipt_contradicts,
}
