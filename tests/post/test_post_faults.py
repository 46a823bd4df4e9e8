"""What goes wrong with a letter, and that it goes wrong with this one only."""

from __future__ import annotations

import pytest

from emulators.core.faults import UnknownFault
from emulators.core.physics import Physics
from emulators.post.letter import Letter, LetterStatus
from emulators.post.office import PostOffice
from emulators.post.order import Registered
from tests.post.sender import ANNE, CODE, HOME, KLEIN, NEXT_DOOR, at, letter, order

PUK = ("Ihre PUK: 87654321",)


@pytest.fixture
def neighbour(office: PostOffice) -> None:
    office.household("Klein", NEXT_DOOR)


def found(office: PostOffice) -> list[str]:
    """The file names of the letters in Änne Groß's letterbox, in the order in which they came."""
    return [le.reference for le in office.letters_at(HOME)]


def test_every_fault_says_what_it_does_and_where_it_strikes() -> None:
    assert all(fault.about().endswith(".") and fault.point for fault in PostOffice.faults.values())


def test_a_lost_letter_never_arrives_and_the_next_one_does(office: PostOffice, physics: Physics) -> None:
    physics.faults.arm("post", "lost")
    office.submit(order())
    office.submit(order(file_name="second.pdf"))
    physics.advance_to(at(31, 9))
    assert found(office) == ["second.pdf"]
    (entry,) = physics.journal.named("post", "lost")
    assert entry.cause.fault == "post.lost"


def test_a_late_letter_arrives_so_many_working_days_later(office: PostOffice, physics: Physics) -> None:
    physics.faults.arm("post", "late", {"workdays": 3})
    office.submit(order())
    physics.advance_to(at(29, 10, 59))
    assert found(office) == []
    physics.advance_to(at(29, 11))
    assert found(office) == ["letter.pdf"]


@pytest.mark.parametrize("reason", ["deceased", "refused", "not_collected", "box_full", "moved", "dissolved"])
def test_a_returned_letter_tells_its_reason_and_premiumadress_a_day_earlier(
    office: PostOffice, physics: Physics, reason: str
) -> None:
    physics.faults.arm("post", "returned", {"reason": reason, "after_workdays": 2})
    sent = office.submit(order(registered=Registered.DROPPED))
    physics.advance_to(at(25, 12))
    assert sent.told(physics.clock.now) is None
    physics.advance_to(at(26, 11))
    told = sent.told(physics.clock.now)
    assert told is not None
    assert (told.reason, sent.returned) == (reason, None)
    physics.advance_to(at(27, 11))
    assert (sent.returned, sent.tracking(physics.clock.now)) == (reason, "RETURNED_TO_SENDER")


@pytest.mark.usefixtures("neighbour")
def test_a_misdelivered_letter_lands_next_door(office: PostOffice, physics: Physics) -> None:
    physics.faults.arm("post", "misdelivered")
    office.submit(order())
    physics.advance_to(at(25, 11))
    assert office.letterbox(NEXT_DOOR).newest is not None
    assert found(office) == []


def test_a_letter_that_cannot_be_misdelivered_is_lost(office: PostOffice, physics: Physics) -> None:
    physics.faults.arm("post", "misdelivered")
    office.submit(order())
    physics.advance_to(at(25, 11))
    assert [e.event for e in physics.journal.entries if e.channel == "post"] == ["posted", "lost"]


def test_a_forwarded_letter_reaches_the_new_address_and_the_sender_learns_it(
    office: PostOffice, physics: Physics
) -> None:
    physics.faults.arm("post", "forwarded", {"workdays": 2})
    sent = office.submit(order())
    physics.advance_to(at(27, 10, 59))
    assert found(office) == []
    physics.advance_to(at(27, 11))
    assert found(office) == ["letter.pdf"]
    assert office.letterbox(HOME).letters == []
    told = sent.told(physics.clock.now)
    assert told is not None
    assert told.new_address is not None
    assert (told.reason, told.new_address.street) == ("moved", "Nachsendeweg")
    (came,) = physics.journal.named("post", "delivered")
    assert "Nachsendeweg 5" in came.data["letterbox"]


def test_after_a_move_all_letters_follow(office: PostOffice, physics: Physics) -> None:
    physics.faults.arm("post", "forwarded")
    office.submit(order())
    physics.advance_to(at(29, 9))
    office.submit(order(file_name="second.pdf"))
    physics.advance_to(at(31, 11))
    assert found(office) == ["letter.pdf", "second.pdf"]
    assert office.letterbox(HOME).letters == []


def test_a_letter_sent_on_to_an_old_address_is_not_found_by_its_recipient(office: PostOffice, physics: Physics) -> None:
    physics.faults.arm("post", "forwarded_to_old_address")
    sent = office.submit(order())
    physics.advance_to(at(31, 11))
    assert found(office) == []
    assert sent.delivered_at == at(27, 11)
    (stray,) = physics.journal.named("post", "misdelivered")
    assert "Alter Weg 5" in stray.data["letterbox"]


@pytest.mark.usefixtures("neighbour")
def test_a_strike_holds_up_all_letters_and_ends(office: PostOffice, physics: Physics) -> None:
    before = office.submit(order(KLEIN))
    physics.advance_to(at(24, 9))
    physics.faults.arm("post", "strike", {"workdays": 3})
    struck = office.submit(order())
    physics.advance_to(at(27, 23))
    assert (before.delivered_at, struck.delivered_at) == (None, None)
    physics.advance_to(at(29, 11))  # Wednesday and three working days are Saturday, then comes Monday
    assert before.delivered_at == struck.delivered_at == at(29, 11)
    office.submit(order())
    physics.advance_to(at(31, 11))
    assert len(found(office)) == 2


def test_two_letters_of_one_day_can_come_in_reverse_order(office: PostOffice, physics: Physics) -> None:
    physics.faults.arm("post", "overtaken")
    office.submit(order(file_name="first.pdf"))
    office.submit(order(file_name="second.pdf"))
    physics.advance_to(at(25, 11))
    assert found(office) == ["second.pdf", "first.pdf"]


@pytest.mark.usefixtures("neighbour")
def test_only_a_letter_to_the_same_recipient_is_overtaken(office: PostOffice, physics: Physics) -> None:
    physics.faults.arm("post", "overtaken")
    office.submit(order(KLEIN))
    office.submit(order())
    assert len(physics.faults.unspent) == 1


def test_an_opened_letter_shows_it(office: PostOffice, physics: Physics) -> None:
    physics.faults.arm("post", "opened")
    sent = office.submit(order())
    physics.advance_to(at(25, 11))
    assert sent.opened


@pytest.mark.parametrize("pin_field_open", [False, True])
def test_a_letter_that_a_carer_scans_comes_opened_as_a_copy_a_day_later(
    pin_field_open: bool, office: PostOffice, physics: Physics
) -> None:
    physics.faults.arm("post", "scanned", {"dpi": 60, "pin_field_open": pin_field_open})
    sent = office.submit(order())
    original = sent.preview()
    usual = office.submit(order())
    physics.advance_to(at(25, 11))
    assert usual.delivered_at is not None
    assert sent.delivered_at is None
    physics.advance_to(at(26, 11))
    assert sent.delivered_at is not None
    assert (sent.opened, sent.pin_field_open) == (True, pin_field_open)
    assert sent.preview() != original
    assert CODE[0] in sent.text
    (scanned,) = physics.journal.named("post", "scanned")
    assert (scanned.data["by"], scanned.data["dpi"], scanned.cause.fault) == ("carer", 60, "post.scanned")


def test_a_carer_scans_only_what_arrives(office: PostOffice, physics: Physics) -> None:
    physics.faults.arm("post", "scanned")
    physics.faults.arm("post", "strike", {"workdays": 3}, nth=2)
    held_up = office.submit(order())
    office.submit(order(file_name="second.pdf"))
    physics.faults.arm("post", "scanned")
    astray = office.submit(order(KLEIN))
    physics.advance_to(at(26, 23))  # the last day of the strike
    assert list(physics.journal.named("post", "scanned")) == []
    physics.advance_to(at(31, 23))
    assert (held_up.delivered_at, held_up.opened) == (at(27, 11), True)
    assert (astray.returned, astray.opened) == ("address_unknown", False)
    assert [entry.data["letter_id"] for entry in physics.journal.named("post", "scanned")] == [held_up.letter_id]


@pytest.mark.parametrize("dpi", [9, 601])
def test_no_scanner_is_that_coarse_or_that_fine(dpi: int, physics: Physics) -> None:
    with pytest.raises(UnknownFault, match="dpi"):
        physics.faults.arm("post", "scanned", {"dpi": dpi})


# -- in the print centre ------------------------------------------------------------------------------------------


def test_the_code_of_a_damaged_letter_cannot_be_read(office: PostOffice, physics: Physics) -> None:
    physics.faults.arm("post", "damaged")
    sent = office.submit(order())
    physics.advance_to(at(25, 11))
    assert found(office) == ["letter.pdf"]
    assert sent.text.splitlines()[-3:] == ["TEST ONLY", "Ihr Aktivierungscode: ▒▒▒▒▒▒▒▒▒", "Bitte eingeben."]


def test_half_of_a_code_may_be_readable(office: PostOffice, physics: Physics) -> None:
    physics.faults.arm("post", "damaged", {"what": "part"})
    assert "Ihr Aktivierungscode: ABCD▒▒▒▒▒" in office.submit(order()).text


@pytest.mark.parametrize("code", ["E301", "E302", "E306", "E308", "E315", "E323"])
def test_a_pdf_in_order_can_be_rejected_all_the_same(office: PostOffice, physics: Physics, code: str) -> None:
    physics.faults.arm("post", "pdf_rejected", {"code": code})
    sent = office.submit(order(registered=Registered.DROPPED))
    assert sent.status(physics.clock.now) is LetterStatus.ACCEPTED
    physics.advance_to(at(23, 9, 6))
    assert sent.status(physics.clock.now) is LetterStatus.FAILED
    assert [problem.code for problem in sent.problems][-1] == code
    assert sent.tracking_number is None
    physics.advance_to(at(31, 9))
    assert found(office) == []
    (noted,) = physics.journal.named("post", "rejected")
    assert noted.cause.fault == "post.pdf_rejected"


def test_what_is_wrong_with_a_pdf_is_not_blamed_on_a_fault(office: PostOffice, physics: Physics) -> None:
    physics.faults.arm("post", "pdf_rejected")
    office.submit(order(pdf=b"no PDF"))
    (noted,) = physics.journal.named("post", "rejected")
    assert noted.cause.fault is None
    assert len(physics.faults.unspent) == 1


def test_a_backlog_holds_a_letter_in_the_print_centre(office: PostOffice, physics: Physics) -> None:
    physics.faults.arm("post", "backlog", {"workdays": 4})
    sent = office.submit(order())
    physics.advance_to(at(27, 16, 59))  # Saturday, four working days after Tuesday
    assert sent.status(physics.clock.now) is LetterStatus.AT_PRINT_CENTRE
    physics.advance_to(at(27, 17))
    assert sent.status(physics.clock.now) is LetterStatus.POSTED
    physics.advance_to(at(30, 11))
    assert found(office) == ["letter.pdf"]
    (came,) = physics.journal.named("post", "delivered")
    assert came.cause.fault == "post.backlog"


def test_a_print_error_is_status_99_after_3_and_no_letter(office: PostOffice, physics: Physics) -> None:
    physics.faults.arm("post", "print_error")
    sent = office.submit(order())
    physics.advance_to(at(23, 10))
    assert sent.status(physics.clock.now) is LetterStatus.AT_PRINT_CENTRE
    physics.advance_to(at(31, 9))
    assert sent.status(physics.clock.now) is LetterStatus.FAILED
    assert [problem.code for problem in sent.problems][-1] == "E318"
    assert found(office) == []


def test_a_letter_printed_twice_arrives_twice(office: PostOffice, physics: Physics) -> None:
    physics.faults.arm("post", "printed_twice")
    office.submit(order())
    physics.advance_to(at(25, 11))
    one, two = office.letters_at(HOME)
    assert one.text == two.text


def test_stopping_a_letter_printed_twice_stops_both(office: PostOffice, physics: Physics) -> None:
    physics.faults.arm("post", "printed_twice")
    office.cancel(office.submit(order()).number)
    physics.advance_to(at(31, 11))
    assert found(office) == []


def test_a_pin_field_rubbed_open_shows_it(office: PostOffice, physics: Physics) -> None:
    physics.faults.arm("post", "pin_field_open")
    sent = office.submit(order())
    physics.advance_to(at(25, 11))
    assert sent.pin_field_open
    (came,) = physics.journal.named("post", "delivered")
    assert came.data["pin_field_open"] is True


def test_the_sheets_of_a_letter_can_come_apart(office: PostOffice, physics: Physics) -> None:
    physics.faults.arm("post", "parted")
    office.submit(order())  # a single sheet cannot be parted
    office.submit(order(pdf=letter(ANNE, ("Ihre PIN: 123456",), PUK), file_name="pin.pdf"))
    physics.advance_to(at(25, 11))
    assert "PUK" not in office.letters_at(HOME)[-1].text
    physics.advance_to(at(26, 11))
    assert office.letters_at(HOME)[-1].text.strip() == PUK[0]


@pytest.mark.usefixtures("neighbour")
def test_pin_and_puk_can_come_in_one_envelope(office: PostOffice, physics: Physics) -> None:
    physics.faults.arm("post", "combined")
    office.submit(order(KLEIN))
    pin = office.submit(order(ANNE, ("Ihre PIN: 123456",)))
    puk = office.submit(order(ANNE, PUK))
    physics.advance_to(at(25, 11))
    (both,) = office.letters_at(HOME)
    assert both is pin
    assert "123456" in both.text
    assert "87654321" in both.text
    assert puk.delivered_at == pin.delivered_at
    assert [e.data["letter_id"] for e in physics.journal.named("post", "delivered")] == [
        "L000001",
        "L000002",
        "L000003",
    ]


@pytest.mark.usefixtures("neighbour")
def test_two_letters_drawn_in_as_one_end_with_the_first_recipient(office: PostOffice, physics: Physics) -> None:
    physics.faults.arm("post", "double_feed")
    theirs = office.submit(order(KLEIN, ("Guten Tag",)))
    mine = office.submit(order())
    physics.advance_to(at(25, 11))
    assert found(office) == []
    assert "ABCD-1234" in theirs.text
    (stray,) = physics.journal.named("post", "misdelivered")
    assert (stray.data["letter_id"], stray.data["inside"], mine.inside) == ("L000002", "L000001", "L000001")


@pytest.mark.usefixtures("neighbour")
def test_a_letter_that_has_left_the_centre_takes_no_other_in(office: PostOffice, physics: Physics) -> None:
    physics.faults.arm("post", "double_feed")
    office.submit(order(KLEIN))
    physics.advance_to(at(23, 17))
    office.submit(order())
    assert len(physics.faults.unspent) == 1


@pytest.mark.usefixtures("neighbour")
@pytest.mark.parametrize("fault", ["lost", "returned"])
def test_what_is_enclosed_shares_the_fate_of_the_envelope(office: PostOffice, physics: Physics, fault: str) -> None:
    physics.faults.arm("post", fault)
    physics.faults.arm("post", "double_feed")
    office.submit(order(KLEIN))
    office.submit(order())
    physics.advance_to(at(31, 11))
    assert len(list(physics.journal.named("post", fault))) == 2


def test_a_letter_that_shares_an_envelope_cannot_be_stopped(office: PostOffice, physics: Physics) -> None:
    physics.faults.arm("post", "combined")
    letters: list[Letter] = [office.submit(order()), office.submit(order())]
    assert {office.cancel(le.number).value for le in letters} == {"in production"}


@pytest.mark.usefixtures("neighbour")
def test_a_sheet_of_somebody_elses_letter_can_be_put_in(office: PostOffice, physics: Physics) -> None:
    physics.faults.arm("post", "wrong_insert")
    office.submit(order(KLEIN, ("Diagnose von Jan Klein",)))
    physics.advance_to(at(25, 11))
    office.submit(order())
    physics.advance_to(at(27, 11))
    (mine,) = office.letters_at(HOME)
    assert "Diagnose von Jan Klein" in mine.pages[1]
    assert CODE[1] in mine.pages[0]
    (noted,) = physics.journal.named("post", "wrong_insert")
    assert noted.cause.fault == "post.wrong_insert"
