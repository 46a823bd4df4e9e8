"""The post office from both ends: the sender's API and the letterbox."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.core.clock import BERLIN
from emulators.core.person import Address
from emulators.core.physics import Physics
from emulators.post.letter import smudged, tracking_number
from emulators.post.office import PostOffice
from emulators.wire.http import Refusal, call

HOME = Address("Hauptstraße", "5", "40210", "Düsseldorf", "NW")
NEXT_DOOR = Address("Hauptstraße", "7", "40210", "Düsseldorf", "NW")
# Tuesday 23 March 2021, nine o'clock
TUESDAY = datetime(2021, 3, 23, 9, 0, tzinfo=BERLIN)


@pytest.fixture
def physics() -> Physics:
    physics = Physics(seed=1, start=TUESDAY)
    physics.faults.declare("post", PostOffice.faults)
    return physics


@pytest.fixture
def office(physics: Physics) -> PostOffice:
    office = PostOffice(physics)
    office.household("Dr. Änne Groß", HOME)
    return office


def order(**changes: object) -> dict[str, Any]:
    return {
        "reference": "letter 1",
        "sender": ["Musterkasse", "Postfach", "12345 Musterstadt"],
        "recipient": ["Änne Groß", "Hauptstr. 5", "40210 Düsseldorf"],
        "pages": ["TEST ONLY\nIhr Aktivierungscode: ABCD-1234\nBitte eingeben."],
        **changes,
    }


def ask(
    office: PostOffice, method: str, path: str, body: object = None, key: str | None = None
) -> tuple[int, dict[str, Any]]:
    raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    headers = {"X-Api-Key": office.api_key if key is None else key}
    status, _, content = call(office.app, method, f"http://post.example{path}", headers, raw)
    return status, json.loads(content)


def send(office: PostOffice, **changes: object) -> str:
    status, answer = ask(office, "POST", "/api/letters", order(**changes))
    assert status == 201
    return str(answer["letter_id"])


def at(day: int, hour: int, minute: int = 0, month: int = 3) -> datetime:
    return datetime(2021, month, day, hour, minute, tzinfo=BERLIN)


def test_a_letter_arrives_at_eleven_on_the_second_working_day(office: PostOffice, physics: Physics) -> None:
    send(office)
    letterbox = office.letterbox(HOME)
    physics.advance_to(at(25, 10, 59))
    assert letterbox.newest is None
    physics.advance_to(at(25, 11))
    assert letterbox.newest is not None
    assert "ABCD-1234" in letterbox.newest.text
    assert not letterbox.newest.opened


def test_a_letter_after_the_cut_off_is_posted_the_next_working_day(office: PostOffice, physics: Physics) -> None:
    physics.advance_to(at(23, 17))
    send(office)
    physics.advance_to(at(25, 12))
    assert office.letterbox(HOME).newest is None
    physics.advance_to(at(26, 11))
    assert office.letterbox(HOME).newest is not None


def test_saturday_is_a_working_day_of_the_post_and_easter_is_not(office: PostOffice, physics: Physics) -> None:
    physics.advance_to(at(1, 9, month=4))  # Maundy Thursday: Friday and Monday are holidays, Saturday is not
    send(office)
    physics.advance_to(at(6, 10, month=4))
    assert office.letterbox(HOME).newest is None
    physics.advance_to(at(6, 11, month=4))
    assert office.letterbox(HOME).newest is not None


def test_the_holidays_are_those_of_the_recipient_land() -> None:
    physics = Physics(start=datetime(2021, 6, 2, 9, tzinfo=BERLIN))  # Corpus Christi is Thursday, 3 June
    office = PostOffice(physics)
    berlin = Address("Hauptstraße", "5", "10115", "Berlin", "BE")
    office.household("Groß", HOME)
    office.household("Groß", berlin)
    send(office)
    send(office, recipient=["Groß", "Hauptstraße 5", "10115 Berlin"])
    physics.advance_to(datetime(2021, 6, 4, 11, tzinfo=BERLIN))
    assert office.letterbox(berlin).newest is not None
    assert office.letterbox(HOME).newest is None


def test_status_tells_printing_and_posting_but_never_arrival(office: PostOffice, physics: Physics) -> None:
    letter_id = send(office)
    seen = []
    for moment in (at(23, 9), at(23, 9, 5), at(23, 10), at(23, 17), at(25, 12)):
        physics.advance_to(moment)
        seen.append(ask(office, "GET", f"/api/letters/{letter_id}")[1]["status"])
    assert seen == [1, 2, 3, 4, 4]


def test_registered_mail_can_be_tracked(office: PostOffice, physics: Physics) -> None:
    letter_id = send(office, registered=True)
    assert ask(office, "GET", f"/api/letters/{letter_id}")[1]["tracking"]["status"] == "ANNOUNCED"
    physics.advance_to(at(25, 11))
    assert ask(office, "GET", f"/api/letters/{letter_id}")[1]["tracking"]["status"] == "DELIVERED"


def test_a_tracking_number_has_the_check_digit_of_s10() -> None:
    assert tracking_number(47312482) == "RT473124829DE"  # vector: S10 (UPU standard), Wikipedia's example


@pytest.mark.parametrize(
    "recipient",
    [
        ["Änne Groß", "Hauptstraße 6", "40210 Düsseldorf"],
        ["Änne Groß", "Hauptstraße 5", "40211 Düsseldorf"],
        ["Jemand Anders", "Hauptstraße 5", "40210 Düsseldorf"],
    ],
)
def test_a_letter_that_matches_no_household_comes_back(
    office: PostOffice, physics: Physics, recipient: list[str]
) -> None:
    letter_id = send(office, recipient=recipient)
    physics.advance_to(at(30, 9))
    assert ask(office, "GET", f"/api/letters/{letter_id}")[1]["returned"] == "address_unknown"
    assert office.letterbox(HOME).newest is None
    assert [le["letter_id"] for le in ask(office, "GET", "/api/letters?returned=true")[1]["letters"]] == [letter_id]
    assert ask(office, "GET", "/api/letters?returned=false")[1]["letters"] == []


def test_two_families_share_a_letterbox(office: PostOffice, physics: Physics) -> None:
    office.household("Familie Klein", HOME)
    send(office, recipient=["Herrn Jan Klein", "Hauptstraße 5", "40210 Düsseldorf"])
    physics.advance_to(at(25, 11))
    assert len(office.letterbox(HOME).letters) == 1


def test_a_letterbox_nobody_put_up_is_a_mistake_of_the_bench(office: PostOffice) -> None:
    with pytest.raises(LookupError, match="Hauptstraße 7"):
        office.letterbox(NEXT_DOOR)


def test_a_lost_letter_never_arrives_and_the_next_one_does(office: PostOffice, physics: Physics) -> None:
    physics.faults.arm("post", "lost")
    send(office)
    send(office, reference="letter 2")
    physics.advance_to(at(31, 9))
    assert [letter.reference for letter in office.letterbox(HOME).letters] == ["letter 2"]
    (entry,) = physics.journal.named("post", "lost")
    assert entry.cause.fault == "post.lost"


def test_a_late_letter_arrives_so_many_working_days_later(office: PostOffice, physics: Physics) -> None:
    physics.faults.arm("post", "late", {"workdays": 3})
    send(office)
    physics.advance_to(at(29, 10, 59))
    assert office.letterbox(HOME).newest is None
    physics.advance_to(at(29, 11))
    assert office.letterbox(HOME).newest is not None


def test_a_returned_letter_tells_its_reason(office: PostOffice, physics: Physics) -> None:
    physics.faults.arm("post", "returned", {"reason": "deceased", "after_workdays": 1})
    letter_id = send(office, registered=True)
    physics.advance_to(at(26, 11))
    answer = ask(office, "GET", f"/api/letters/{letter_id}")[1]
    assert (answer["returned"], answer["tracking"]["status"]) == ("deceased", "RETURNED_TO_SENDER")


def test_a_misdelivered_letter_lands_next_door(office: PostOffice, physics: Physics) -> None:
    neighbour = office.household("Klein", NEXT_DOOR)
    physics.faults.arm("post", "misdelivered")
    send(office)
    physics.advance_to(at(25, 11))
    assert neighbour.newest is not None
    assert office.letterbox(HOME).newest is None


def test_the_code_of_a_damaged_letter_cannot_be_read(office: PostOffice, physics: Physics) -> None:
    physics.faults.arm("post", "damaged")
    send(office)
    physics.advance_to(at(25, 11))
    newest = office.letterbox(HOME).newest
    assert newest is not None
    assert newest.text == "TEST ONLY\nIhr Aktivierungscode: ▒▒▒▒▒▒▒▒▒\nBitte eingeben."


def test_an_opened_letter_shows_it(office: PostOffice, physics: Physics) -> None:
    physics.faults.arm("post", "opened")
    send(office)
    physics.advance_to(at(25, 11))
    newest = office.letterbox(HOME).newest
    assert newest is not None
    assert newest.opened


def test_a_print_error_is_status_99_and_no_letter(office: PostOffice, physics: Physics) -> None:
    physics.faults.arm("post", "print_error")
    letter_id = send(office)
    physics.advance_to(at(31, 9))
    assert ask(office, "GET", f"/api/letters/{letter_id}")[1]["status"] == 99
    assert office.letterbox(HOME).newest is None


def test_an_outage_is_one_503(office: PostOffice, physics: Physics) -> None:
    physics.faults.arm("post", "outage")
    assert ask(office, "POST", "/api/letters", order())[0] == 503
    assert ask(office, "POST", "/api/letters", order())[0] == 201


def test_a_refused_connection_gives_no_answer(office: PostOffice, physics: Physics) -> None:
    physics.faults.arm("post", "refused_connection")
    with pytest.raises(Refusal):
        ask(office, "POST", "/api/letters", order())


@pytest.mark.parametrize(
    "bad",
    [
        order(recipient=["Änne Groß", "40210 Düsseldorf"]),
        order(recipient=["Änne Groß", "Hauptstr. 5", "Düsseldorf"]),
        order(recipient=["Änne Groß", "Hauptstr. 5", "4021 Düsseldorf"]),
        order(recipient=["Ä" * 81, "Hauptstr. 5", "40210 Düsseldorf"]),
        order(pages=[]),
        order(colour=True),
        [],
        b"{",
    ],
)
def test_bad_orders_are_refused_with_their_problems(office: PostOffice, bad: object) -> None:
    status, answer = ask(office, "POST", "/api/letters", bad)
    assert (status, answer["error"]) == (400, "bad_request")
    assert answer["problems"]


def test_the_key_is_asked_for(office: PostOffice) -> None:
    assert ask(office, "POST", "/api/letters", order(), key="wrong") == (401, {"error": "unauthorised"})


def test_unknown_letters_and_paths_are_404_in_json(office: PostOffice) -> None:
    assert ask(office, "GET", "/api/letters/L999999")[0] == 404
    assert ask(office, "GET", "/elsewhere") == (404, {"error": "not_found"})
    assert ask(office, "DELETE", "/api/letters")[0] == 405
    assert ask(office, "GET", "/api/letters?returned=perhaps")[0] == 400


@given(
    body=st.binary(max_size=200) | st.recursive(st.none() | st.text(), st.lists).map(lambda v: json.dumps(v).encode())
)
def test_no_body_crashes_the_api(body: bytes) -> None:
    status, _ = ask(PostOffice(Physics()), "POST", "/api/letters", body)
    assert status == 400


@given(text=st.text(max_size=200))
def test_smudging_keeps_the_length_and_leaves_no_digit(text: str) -> None:
    assert len(smudged(text)) == len(text)
    assert not any(c in "0123456789" for c in smudged(text))


def test_same_deeds_give_the_same_journal() -> None:
    def run() -> str:
        physics = Physics(seed=7)
        office = PostOffice(physics)
        office.household("Groß", replace(HOME, house_number="5"))
        send(office)
        physics.advance_to(at(31, 9))
        return physics.journal.to_jsonl()

    assert run() == run()
