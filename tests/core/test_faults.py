from typing import ClassVar

import pytest

from emulators.core.clock import Clock
from emulators.core.faults import Fault, Faults, UnknownFault
from emulators.core.journal import Cause, Journal


class Lost(Fault):
    """The letter never arrives.

    Nobody is told.
    """

    point: ClassVar[str] = "transit"


class Late(Fault):
    """The letter arrives some days late."""

    point: ClassVar[str] = "transit"
    days: int = 3


class Smudged(Fault):
    """The print cannot be read."""

    point: ClassVar[str] = "print"


@pytest.fixture
def journal() -> Journal:
    return Journal(Clock())


@pytest.fixture
def faults(journal: Journal) -> Faults:
    faults = Faults(journal)
    faults.declare("post", {"lost": Lost, "late": Late, "smudged": Smudged})
    return faults


def test_a_fault_strikes_once_at_the_next_event_at_its_point(faults: Faults) -> None:
    armed = faults.arm("post", "lost")
    assert faults.strike("post", "print") is None
    assert faults.strike("post", "transit") is armed
    assert faults.strike("post", "transit") is None


def test_a_fault_waits_for_the_nth_event(faults: Faults) -> None:
    faults.arm("post", "lost", nth=3)
    assert [faults.strike("post", "transit") is not None for _ in range(4)] == [False, False, True, False]


def test_a_fault_strikes_as_often_as_asked_for_beginning_with_the_nth_event(faults: Faults) -> None:
    armed = faults.arm("post", "lost", nth=2, times=3)
    assert [faults.strike("post", "transit") is armed for _ in range(6)] == [False, True, True, True, False, False]
    assert faults.unspent == ()


def test_a_fault_that_struck_less_often_than_asked_for_is_unspent(faults: Faults) -> None:
    armed = faults.arm("post", "lost", times=2)
    faults.strike("post", "transit")
    assert faults.unspent == (armed,)
    with pytest.raises(UnknownFault, match="once or more often, not 0 times"):
        faults.arm("post", "lost", times=0)


def test_two_faults_at_one_point_strike_one_after_the_other(faults: Faults) -> None:
    faults.arm("post", "lost")
    faults.arm("post", "late", {"days": 9})
    hits = [faults.strike("post", "transit") for _ in range(3)]
    assert [hit and hit.fault for hit in hits] == [Lost(), Late(days=9), None]


def test_another_emulator_with_the_same_point_is_not_struck(faults: Faults) -> None:
    faults.declare("mail", {"lost": Lost})
    faults.arm("post", "lost")
    assert faults.strike("mail", "transit") is None


def test_an_event_counts_only_for_the_faults_it_concerns(faults: Faults) -> None:
    faults.arm("post", "late", {"days": 9}, nth=2)
    lost = faults.arm("post", "lost", nth=2)

    def not_late(fault: Fault) -> bool:
        return not isinstance(fault, Late)

    assert faults.strike("post", "transit", not_late) is None
    assert faults.strike("post", "transit", not_late) is lost
    assert faults.strike("post", "transit") is None
    late = faults.strike("post", "transit")
    assert late is not None
    assert late.fault == Late(days=9)


def test_what_was_never_hit_is_unspent(faults: Faults) -> None:
    faults.arm("post", "lost")
    faults.arm("post", "smudged")
    faults.strike("post", "transit")
    assert [armed.name for armed in faults.unspent] == ["post.smudged"]


def test_an_unknown_kind_is_refused_with_the_known_ones(faults: Faults) -> None:
    with pytest.raises(UnknownFault, match=r"^fault 'stolen' is not known to 'post'; known: lost, late, smudged$"):
        faults.arm("post", "stolen")


def test_an_unknown_emulator_is_refused_with_the_known_ones(faults: Faults) -> None:
    with pytest.raises(UnknownFault, match=r"^no emulator 'pigeon'; known: post$"):
        faults.arm("pigeon", "lost")


@pytest.mark.parametrize("parameters", [{"days": "many"}, {"hours": 3}])
def test_a_parameter_that_does_not_fit_is_named(faults: Faults, parameters: dict[str, object]) -> None:
    with pytest.raises(UnknownFault, match=f"fault 'late' of 'post': {next(iter(parameters))}: "):
        faults.arm("post", "late", parameters)
    assert faults.unspent == ()


def test_the_zeroth_event_is_refused(faults: Faults) -> None:
    with pytest.raises(UnknownFault, match="not at 0"):
        faults.arm("post", "lost", nth=0)


def test_arming_and_striking_are_in_the_journal(faults: Faults, journal: Journal) -> None:
    with journal.because(Cause(step=3)):
        armed = faults.arm("post", "late", {"days": 2}, nth=1)
    faults.strike("post", "transit")
    assert armed.cause == Cause(step=3)
    assert [(e.event, dict(e.data)) for e in journal.entries] == [
        ("armed", {"emulator": "post", "kind": "late", "nth": 1, "parameters": {"days": 2}}),
        ("struck", {"emulator": "post", "kind": "late"}),
    ]


def test_the_first_line_of_the_docstring_is_the_documentation() -> None:
    assert Lost.about() == "The letter never arrives."
