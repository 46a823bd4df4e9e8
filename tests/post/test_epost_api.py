"""The E-POSTBUSINESS API: what a client that was written for the real one sends, and what it must be told."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.core.clock import BERLIN
from emulators.core.physics import Physics
from emulators.post.credentials import account_of, credentials_of
from emulators.post.epost import MAX_REQUEST
from emulators.post.epost_model import MAX_PDF
from emulators.post.office import PostOffice
from emulators.post.profile import PostProfile
from emulators.wire.http import Refusal, call
from tests.post.sender import ANNE, HOME, TUESDAY, Epost, at, epost_letter, front, letter, pdf

UPLOAD = {"plugInName": "UploadManagement", "plugInModel": {"useMinimumQuantity": False, "dueDays": 3}}
PREMIUM = {"plugInName": "PremiumAdress", "plugInModel": {"productVariants": "Report"}}


# -- logging in ---------------------------------------------------------------------------------------------------


def test_the_token_has_the_shape_of_a_json_web_token(epost: Epost) -> None:
    status, answer = epost.log_in()
    header, claims, signature = answer["token"].split(".")
    assert status == 200
    assert json.loads(base64.urlsafe_b64decode(header + "==")) == {"alg": "HS256", "typ": "JWT"}
    assert json.loads(base64.urlsafe_b64decode(claims + "=="))["ekp"] == epost.office.credentials.ekp
    assert len(signature) == 43


@pytest.mark.parametrize("field", ["vendorID", "ekp", "secret", "password"])
def test_any_wrong_part_of_the_login_is_e001(epost: Epost, field: str) -> None:
    status, answer = epost.log_in(**{field: "0000000000"})
    assert (status, answer["code"], answer["level"]) == (401, "E001", "Error")


@pytest.mark.parametrize("changes", [{"ekp": "1"}, {"password": 5}, {"tokenDuration": 0}, {"user": "x"}])
def test_a_login_of_another_shape_is_told_its_mistakes(epost: Epost, changes: dict[str, object]) -> None:
    status, answer = epost.log_in(**changes)
    assert (status, answer["code"]) == (400, "E313")
    assert next(iter(changes)) in answer["description"]


def test_a_token_ends_after_a_day_or_as_soon_as_was_asked_for(epost: Epost, physics: Physics) -> None:
    short = epost.log_in(tokenDuration=5)[1]["token"]
    number = epost.send()
    physics.advance_to(physics.clock.later(timedelta(minutes=5)))
    assert epost.ask("GET", f"/api/Letter/{number}", token=short)[1]["code"] == "E101"
    long = epost.log_in()[1]["token"]
    assert epost.ask("GET", f"/api/Letter/{number}", token=long)[0] == 200
    physics.advance_to(physics.clock.later(timedelta(days=1)))
    assert epost.ask("GET", f"/api/Letter/{number}", token=long)[1]["code"] == "E101"


@pytest.mark.parametrize("token", ["", "a", "a.b.c", "ä.ö.ü", "eyJhbGciOiJIUzI1NiJ9.e30.AAAA"])
def test_no_other_token_opens_the_door(epost: Epost, token: str) -> None:
    headers = {"Authorization": "Bearer " + token.encode().decode("latin-1")}
    answer = call(epost.office.app, "GET", "http://post.example/api/Letter/Open", headers, b"")
    assert (answer.status, json.loads(answer.body)["code"]) == (401, "E101")


def test_a_token_of_one_world_opens_no_other() -> None:
    one, two = (Epost(PostOffice(Physics(realm=realm))) for realm in ("0/a", "0/b"))
    assert two.ask("GET", "/api/Letter/Open", token=one.log_in()[1]["token"])[0] == 401
    assert one.office.credentials.ekp != two.office.credentials.ekp


def test_health_needs_no_token(office: PostOffice) -> None:
    answer = call(office.app, "GET", "http://post.example/api/Login/HealthCheck", {}, b"")
    assert (answer.status, json.loads(answer.body)["code"]) == (200, "I501")


def test_a_request_tells_its_account() -> None:
    mine = credentials_of(Physics(seed=4))
    office = PostOffice(Physics(seed=4))
    token = Epost(office).log_in()[1]["token"]
    login = json.dumps({"vendorID": "v", "ekp": mine.ekp}).encode()
    job = json.dumps({"auth": {"username": mine.username}}).encode()
    assert account_of({"authorization": f"Bearer {token}"}, "/api/Letter", {}, b"[]") == mine.ekp
    assert account_of({}, "/api/Login", {}, login) == mine.ekp
    assert account_of({}, "/v3/balance", {}, job) == mine.username
    assert mine.accounts == (mine.ekp, mine.username)


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({}, b""),
        ({}, b"[1]"),
        ({}, b'{"auth": "x"}'),
        ({}, b'{"ekp": 5}'),
        ({}, b"\xff"),
        ({"authorization": "Bearer x"}, b""),
        ({"authorization": "Bearer a.!!!.c"}, b""),
        ({"authorization": "Bearer a.WzFd.c"}, b""),
        ({}, b"[" * 100_000),
    ],
)
def test_a_request_without_an_account_has_none(headers: dict[str, str], body: bytes) -> None:
    assert account_of(headers, "/api/Letter", {}, body) is None


# -- submitting ---------------------------------------------------------------------------------------------------


def test_letters_go_in_as_an_array_and_come_back_with_numbers(epost: Epost, physics: Physics) -> None:
    status, answer = epost.ask("POST", "/api/Letter", [epost_letter(), epost_letter(fileName="other.pdf")])
    assert status == 200
    assert answer == [{"fileName": "letter.pdf", "letterID": 1}, {"fileName": "other.pdf", "letterID": 2}]
    physics.advance_to(at(25, 11))
    assert len(epost.office.letterbox(HOME).letters) == 2


def test_status_goes_from_1_to_4_with_a_date_each(epost: Epost, physics: Physics) -> None:
    number = epost.send()
    seen = []
    for moment in (at(23, 9), at(23, 9, 5), at(23, 10), at(23, 17)):
        physics.advance_to(moment)
        shown = epost.status(number)
        seen.append((shown["statusID"], shown["processedDate"], shown["printUploadDate"], shown["printFeedbackDate"]))
    times = [f"2021-03-23T{hour}:00+01:00" for hour in ("09:05", "10:00", "17:00")]
    assert seen == [
        (1, None, None, None),
        (2, times[0], None, None),
        (3, times[0], times[1], None),
        (4, *times),
    ]


def test_what_is_wrong_with_the_pdf_is_told_with_status_99_once_it_was_processed(
    epost: Epost, physics: Physics
) -> None:
    number = epost.send(pdf=pdf([front(ANNE[1:])]))
    assert epost.status(number)["statusID"] == 1
    physics.advance_to(at(23, 9, 5))
    shown = epost.status(number)
    assert (shown["statusID"], [e["code"] for e in shown["errorList"] if e["level"] == "Error"]) == (99, ["E306"])
    (entry,) = physics.journal.named("post", "rejected")
    assert "E306" in entry.data["problems"][0]
    physics.advance_to(at(31, 9))
    assert epost.office.letterbox(HOME).newest is None


def test_warnings_stop_no_letter(epost: Epost, physics: Physics) -> None:
    number = epost.send(addressLine1="Jemand Anders")
    physics.advance_to(at(25, 11))
    shown = epost.status(number)
    assert (shown["statusID"], {e["level"] for e in shown["errorList"]}) == (4, {"Warning"})
    assert "W203" in [e["code"] for e in shown["errorList"]]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"data": "no base64!"}, "E313"),
        ({"data": "%%%"}, "E313"),
        ({"data": 5}, "E313"),
        ({"fileName": "a"}, "E313"),
        ({"fileName": None}, "E313"),
        ({"addressLine1": "Ä" * 81}, "E313"),
        ({"city": ""}, "E313"),
        ({"colour": True}, "E313"),
        ({"coverData": "JVBERg=="}, "E313"),
        ({"registeredLetter": "Eilbrief"}, "E317"),
        ({"registeredLetter": "Einschreiben", "isDuplex": True}, "E312"),
        ({"registeredLetter": "Einschreiben", "country": "ÖSTERREICH"}, "E311"),
        ({"plugInList": [{"plugInName": "Automover"}]}, "E601"),
        ({"plugInList": [{"plugInName": "PremiumAdress"}]}, "E601"),
        ({"plugInList": [{"plugInName": "UploadManagement"}]}, "E601"),
        ({"plugInList": [UPLOAD | {"plugInModel": {"useMinimumQuantity": True}}]}, "E601"),
        ({"plugInList": [UPLOAD | {"plugInModel": {"useMinimumQuantity": False, "dueDays": 32}}]}, "E622"),
        (
            {
                "plugInList": [
                    UPLOAD | {"plugInModel": {"useMinimumQuantity": False, "dueDays": 1, "dueDate": "2021-04-01T00:00"}}
                ]
            },
            "E621",
        ),
    ],
)
def test_a_letter_the_api_does_not_take_is_refused_at_once_and_no_other_is_sent(
    epost: Epost, changes: dict[str, object], code: str
) -> None:
    good = epost_letter(fileName="good.pdf")
    status, answer = epost.ask("POST", "/api/Letter", [good, epost_letter(**changes)])
    assert (status, answer["level"], answer["code"]) == (400, "Error", code)
    assert answer["description"]
    assert epost.office.letters == {}


def test_one_file_name_twice_in_a_request_is_e309(epost: Epost) -> None:
    assert epost.ask("POST", "/api/Letter", [epost_letter(), epost_letter()])[1]["code"] == "E309"


@pytest.mark.parametrize("body", [[], {}, "x", None, b"", b"{", b"[[", b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_array_of_letters_is_e313(epost: Epost, body: object) -> None:
    status, answer = epost.ask("POST", "/api/Letter", body)
    assert (status, answer["code"]) == (400, "E313")


def test_a_pdf_of_more_than_20_megabytes_is_e303(epost: Epost) -> None:
    status, answer = epost.ask("POST", "/api/Letter", [epost_letter(pdf=letter() + b"\n" * MAX_PDF)])
    assert (status, answer["code"]) == (400, "E303")


def test_a_request_of_more_than_300_megabytes_is_not_even_read(epost: Epost) -> None:
    status, answer = epost.ask("POST", "/api/Letter", bytes(MAX_REQUEST + 1))
    assert (status, answer["code"]) == (413, "E303")


def test_a_pdf_of_ten_megabytes_is_taken(epost: Epost, physics: Physics) -> None:
    number = epost.send(pdf=letter() + b"\n" * (10 * 1024 * 1024))
    physics.advance_to(at(25, 11))
    assert epost.status(number)["statusID"] == 4


def test_registered_mail_has_a_number_once_it_is_in_the_print_centre(epost: Epost, physics: Physics) -> None:
    number = epost.send(registeredLetter="Einwurf Einschreiben")
    assert epost.status(number)["registeredLetterID"] is None
    physics.advance_to(at(23, 10))
    assert epost.status(number)["registeredLetterStatus"] == "ANNOUNCED"
    physics.advance_to(at(25, 11))
    shown = epost.status(number)
    assert (shown["registeredLetterID"][:2], shown["registeredLetterStatus"]) == ("RT", "DELIVERED")


def test_a_test_letter_is_given_back_and_not_posted(epost: Epost, physics: Physics) -> None:
    content = letter()
    number = epost.send(pdf=content, testFlag=True)
    status, answer = epost.ask("GET", f"/api/Letter/TestResult?letterID={number}")
    assert (status, base64.b64decode(answer["data"])) == (200, content)
    assert epost.ask("GET", f"/api/Letter/TestResult?letterID={epost.send()}")[0] == 404


def test_a_cover_letter_goes_to_the_address_in_the_data(epost: Epost, physics: Physics) -> None:
    number = epost.send(pdf=pdf([[(25, 120, "Ohne Anschrift")]]), coverLetter=True, senderAdressLine1="Musterkasse")
    physics.advance_to(at(25, 11))
    newest = epost.office.letterbox(HOME).newest
    assert newest is not None
    assert (newest.number, len(newest.pages), epost.status(number)["noOfPages"]) == (number, 2, 2)


# -- asking -------------------------------------------------------------------------------------------------------


@pytest.fixture
def four(epost: Epost, physics: Physics) -> Epost:
    """A plain letter, a bad one a day later, a registered one with Premiumadress, a queued one."""
    epost.send(custom1="RE1")
    physics.advance_to(at(24, 9))
    epost.send(fileName="bad.pdf", pdf=b"no pdf", batchID=7)
    physics.faults.arm("post", "returned", {"reason": "refused"})
    epost.send(fileName="registered.pdf", registeredLetter="Einschreiben", plugInList=[PREMIUM], batchID=7)
    epost.send(fileName="queued.pdf", plugInList=[UPLOAD])
    physics.advance_to(at(24, 9, 5))
    return epost


@pytest.mark.parametrize(
    ("method", "path", "body", "numbers"),
    [
        ("POST", "StatusQuery", [1, 3, 9], [1, 3]),
        ("POST", "StatusQuery?onlyIssues=true", [1, 2, 3, 4], [1, 2, 3, 4]),
        ("GET", "Date?fromDate=2021-03-24&tillDate=2021-03-24", None, [2, 3, 4]),
        ("GET", "Date?fromDate=2021-03-01&tillDate=2021-03-23", None, [1]),
        ("GET", "Open", None, [3, 4]),
        ("GET", "Registered?fromDate=2021-03-01&tillDate=2021-03-31", None, [3]),
        ("GET", "Custom1?custom1=RE1", None, [1]),
        ("GET", "Custom1?custom1=RE2", None, []),
        ("GET", "Batch?batchId=7", None, [2, 3]),
        ("GET", "PremiumAdressFeedback?fromDate=2021-03-01&tillDate=2021-03-31", None, [3]),
        ("GET", "PremiumAdressFeedback?fromDate=2021-03-01&tillDate=2021-03-31&onlyFeedback=true", None, []),
    ],
)
def test_letters_are_found_by_what_they_have(
    four: Epost, method: str, path: str, body: object, numbers: list[int]
) -> None:
    status, answer = four.ask(method, f"/api/Letter/{path}", body)
    assert status == 200
    assert [shown["letterID"] for shown in answer] == numbers


def test_a_letter_without_a_flaw_is_no_issue(epost: Epost, physics: Physics) -> None:
    epost.send()
    assert epost.ask("POST", "/api/Letter/StatusQuery?onlyIssues=true", [1])[1] == []


def test_premiumadress_tells_why_a_letter_did_not_arrive(four: Epost, physics: Physics) -> None:
    physics.advance_to(at(30, 9))
    path = "/api/Letter/PremiumAdressFeedback?fromDate=2021-03-01&tillDate=2021-03-31&onlyFeedback=true"
    (shown,) = four.ask("GET", path)[1]
    (feedback,) = shown["plugInFeedbackList"]
    result = feedback["plugInFeedbackModel"]["premiumAdressResult"]
    assert feedback["plugInName"] == "PremiumAdress"
    assert (result["sdgS"], result["kd_Na1"], result["kd_PLZ"], result["kd_HNr"]) == (3, "Änne Groß", "40210", "5")
    path = "/api/Letter/Registered?fromDate=2021-03-01&tillDate=2021-03-31&onlyOpen=true"
    assert four.ask("GET", path)[1] == []


def test_premiumadress_tells_the_new_address(epost: Epost, physics: Physics) -> None:
    physics.faults.arm("post", "forwarded")
    number = epost.send(plugInList=[PREMIUM])
    physics.advance_to(at(29, 9))
    result = epost.status(number)["plugInFeedbackList"][0]["plugInFeedbackModel"]["premiumAdressResult"]
    assert (result["sdgS"], result["nsA_Str"], result["nsA_Ort"]) == (1, "Nachsendeweg", "Düsseldorf")


def test_queued_letters_are_cancelled_and_released(four: Epost, physics: Physics) -> None:
    status, answer = four.ask("POST", "/api/Letter/ReleaseQueued", [4, 1, 99])
    assert [(a["letterID"], a["successful"]) for a in answer] == [(4, True), (1, False), (99, False)]
    assert status == 200
    (again,) = four.ask("POST", "/api/Letter/CancelQueued", [4])[1]
    assert (again["successful"], "Produktion" in again["message"]) == (False, True)
    number = four.send(fileName="again.pdf", plugInList=[UPLOAD])
    assert four.ask("POST", "/api/Letter/CancelQueued", [number])[1][0]["successful"]
    assert four.status(number)["errorList"][0]["code"] == "E700"


def test_a_letter_that_was_not_queued_is_not_cancelled_by_this_api(epost: Epost) -> None:
    assert epost.ask("POST", "/api/Letter/CancelQueued", [epost.send()])[1][0]["successful"] is False


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "99", None, 404),
        ("GET", "Date", None, 400),
        ("GET", "Date?fromDate=heute&tillDate=morgen", None, 400),
        ("GET", "Batch?batchId=x", None, 400),
        ("GET", "Custom1", None, 400),
        ("GET", "TestResult", None, 400),
        ("GET", "Registered?fromDate=2021-01-01&tillDate=2021-01-02&onlyOpen=ja", None, 400),
        ("POST", "StatusQuery", {"ids": []}, 400),
        ("POST", "CancelQueued", ["a"], 400),
    ],
)
def test_a_question_the_api_does_not_understand_is_told_so(
    epost: Epost, method: str, path: str, body: object, status: int
) -> None:
    got, answer = epost.ask(method, f"/api/Letter/{path}", body)
    assert (got, answer["level"]) == (status, "Error")
    assert answer["description"]


def test_unknown_paths_and_methods_are_answered_in_json(epost: Epost) -> None:
    assert epost.ask("GET", "/elsewhere") == (404, {"error": "not_found"})
    assert epost.ask("DELETE", "/api/Letter")[0] == 405


def test_who_asks_too_often_is_told_to_wait(physics: Physics) -> None:
    epost = Epost(PostOffice(physics, PostProfile(status_interval=timedelta(seconds=5))))
    number = epost.send()
    assert epost.status(number)["letterID"] == number
    assert epost.ask("GET", f"/api/Letter/{number}")[0] == 429
    assert epost.ask("GET", f"/api/Letter/{number}")[1]["code"] == "E322"
    physics.advance_to(physics.clock.later(timedelta(seconds=5)))
    assert epost.status(number)["letterID"] == number


# -- faults of the line -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("fault", "status"), [("outage", 503), ("rate_limited", 429)])
def test_a_fault_of_the_line_strikes_one_request(epost: Epost, physics: Physics, fault: str, status: int) -> None:
    epost.send()
    physics.faults.arm("post", fault)
    assert epost.ask("POST", "/api/Letter", [epost_letter()])[0] == status
    assert epost.ask("POST", "/api/Letter", [epost_letter()])[0] == 200
    (entry,) = physics.journal.named("post", "request.failed")
    assert (entry.data["status"], entry.cause.fault) == (status, f"post.{fault}")


def test_a_refused_connection_gives_no_answer(epost: Epost, physics: Physics) -> None:
    physics.faults.arm("post", "refused_connection")
    with pytest.raises(Refusal):
        epost.ask("POST", "/api/Letter", [epost_letter()])


JSON: Any = st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=9), st.lists, max_leaves=6)


@given(body=st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_no_body_crashes_the_api(body: bytes) -> None:
    epost = Epost(PostOffice(Physics(start=TUESDAY.astimezone(BERLIN))))
    for path in ("/api/Letter", "/api/Letter/StatusQuery", "/api/Letter/CancelQueued", "/v3/printjobs"):
        assert epost.ask("POST", path, body)[0] in (200, 400, 401)
