"""Whatever the outside answers becomes a refusal that says what to do, and nothing is lost."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import date
from email.message import EmailMessage
from random import Random
from typing import Any

import pytest
import requests
import responses
from cryptography import x509

from emulators.card.pki import CardPki
from emulators.core.people import People
from emulators.core.person import Person
from emulators.core.physics import Physics
from emulators.core.workdays import Workdays
from harness.drivers.handset import ServerAgenda
from harness.profile import InsurerProfile
from harness.reference.declined import Declined
from harness.reference.insurer.accounts import Account
from harness.reference.insurer.cards import Trust
from harness.reference.insurer.insurer import Insurer, Surroundings
from harness.reference.insurer.outside import MailClient
from harness.reference.insurer.tan import tan_state
from harness.reference.insurer.web import twilio_signature

DOORS = {name: f"http://{name}.test" for name in ("sms", "post", "ident", "branch")}
KEYS = dict.fromkeys(
    ("sms_sid", "sms_token", "post", "ident", "branch", "terminal", "mail_user", "mail_password"), "TEST-ONLY"
) | {"ident_webhook": "whsec_VEVTVC1PTkxZ"}
SMS = "http://sms.test/2010-04-01/Accounts/TEST-ONLY/Messages.json"


class MailBreaker:
    """A mail client that raises what it was told to."""

    error: Exception | None = None
    sent: int = 0

    at_login: Exception | None = None

    def starttls(self, *, context: ssl.SSLContext | None = None) -> object:
        assert context is not None
        return {}

    def login(self, user: str, password: str) -> object:
        if self.at_login:
            raise self.at_login
        return {}

    def send_message(self, msg: EmailMessage) -> object:
        if self.error:
            raise self.error
        self.sent += 1
        return {}

    def open(self) -> AbstractContextManager[MailClient]:
        return self._session()

    @contextmanager
    def _session(self) -> Iterator[MailClient]:
        yield self


@pytest.fixture
def mail() -> MailBreaker:
    return MailBreaker()


@pytest.fixture
def person() -> Person:
    return People(5, date(2021, 3, 23)).adult()


@pytest.fixture
def insurer(mail: MailBreaker, person: Person) -> Insurer:
    anchor: x509.Certificate = CardPki().trust_anchor()
    around = Surroundings(
        DOORS, KEYS, mail.open, ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), Trust((anchor,), (), lambda _: False)
    )
    insurer = Insurer([person], ServerAgenda(Physics(5)), Workdays(), Random(5), InsurerProfile(), around)
    insurer.open_at("http://insurer.test")
    return insurer


@pytest.fixture
def account(insurer: Insurer, person: Person) -> Account:
    account = insurer.accounts.provide_old(person.kvnr, user_name=True, mobile=True, weak_password=False)
    account.mobile_acknowledged = account.email_confirmed = account.mobile_confirmed = account.terms_accepted = True
    return account


BROKEN: list[dict[str, Any]] = [
    {"status": 503},
    {"status": 429},
    {"status": 302},
    {"body": requests.ConnectionError()},
    {"body": requests.ReadTimeout()},
    {"status": 201, "body": "<html>"},
    {"status": 201, "body": "[]"},
]


@pytest.mark.parametrize("answer", BROKEN)
@responses.activate
def test_a_gateway_that_fails_is_unavailable_and_the_earlier_tan_stays(
    insurer: Insurer, account: Account, answer: dict[str, Any]
) -> None:
    responses.post(SMS, json={"sid": "SM1"}, status=201)
    insurer.request_tan(account)
    before = account.tan
    responses.reset()
    responses.post(SMS, **answer)
    with pytest.raises(Declined, match="sms_unavailable"):
        insurer.request_tan(account)
    assert account.tan is before


@responses.activate
def test_a_gateway_that_refuses_the_number_says_so(insurer: Insurer, account: Account) -> None:
    responses.post(SMS, json={"code": 21614}, status=400)
    with pytest.raises(Declined, match="sms_rejected"):
        insurer.request_tan(account)


@responses.activate
def test_credit_that_has_run_out_is_no_fault_of_the_number(insurer: Insurer, account: Account) -> None:
    responses.post(SMS, json={"code": 20005}, status=401)
    with pytest.raises(Declined, match="sms_unavailable"):
        insurer.request_tan(account)


LOGIN, LETTER = "http://post.test/api/Login", "http://post.test/api/Letter"


@pytest.mark.parametrize("answer", [*BROKEN, {"status": 400}, {"status": 401}, {"status": 200, "json": [{}]}])
@pytest.mark.parametrize("where", [LOGIN, LETTER])
@responses.activate
def test_the_post_that_takes_no_letter_leaves_the_account_as_it_was(
    insurer: Insurer, account: Account, answer: dict[str, Any], where: str
) -> None:
    responses.post(where, **answer)
    responses.post(LOGIN, json={"token": "t"})
    session = insurer.accounts.open_session(account, "barmer", "d1")
    with pytest.raises(Declined, match="post_unavailable"):
        insurer.request_letter(session)
    assert account.activation is None


@responses.activate
def test_a_token_that_has_run_out_is_renewed_once_and_the_letter_goes_out(insurer: Insurer, account: Account) -> None:
    for token in ("old", "new"):
        responses.post(LOGIN, json={"token": token})
    responses.post(LETTER, json=[{"fileName": "a.pdf", "letterID": 1}])
    responses.post(LETTER, status=401, json={"code": "E101"})
    responses.post(LETTER, json=[{"fileName": "b.pdf", "letterID": 2}])
    session = insurer.accounts.open_session(account, "barmer", "d1")
    insurer.request_letter(session)
    before = account.activation
    insurer.request_letter(session)
    assert account.activation is not None
    assert account.activation is not before
    sent = [call.request.headers["Authorization"] for call in responses.calls if call.request.url == LETTER]
    assert sent == ["Bearer old", "Bearer old", "Bearer new"]


@pytest.mark.parametrize("answer", [*BROKEN, {"status": 401}, {"status": 201, "json": {}}])
@responses.activate
def test_a_provider_that_opens_no_case_leaves_the_identity_as_it_was(
    insurer: Insurer, account: Account, person: Person, answer: dict[str, Any]
) -> None:
    responses.post("http://ident.test/ident/v1/cases", **answer)
    session = insurer.accounts.open_session(account, "ecare", "d1")
    with pytest.raises(Declined, match="ident_unavailable"):
        insurer.follow_ident_link(session, person.card)
    assert account.insured.identity == "none"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        *((answer, "branch_unavailable") for answer in BROKEN),
        ({"status": 409, "json": {"error": "no_slot"}}, "no_slot"),
        ({"status": 401}, "branch_unavailable"),
        ({"status": 201, "json": {"appointment_id": "1", "at": "tomorrow"}}, "branch_unavailable"),
    ],
)
@responses.activate
def test_a_calendar_without_a_slot_is_told_from_one_that_fails(
    insurer: Insurer, person: Person, answer: dict[str, Any], reason: str
) -> None:
    responses.post("http://branch.test/api/appointments", **answer)
    with pytest.raises(Declined, match=reason):
        insurer.branches.book(person.kvnr)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (smtplib.SMTPServerDisconnected("gone"), "mail_unavailable"),
        (smtplib.SMTPConnectError(421, b"later"), "mail_unavailable"),
        (smtplib.SMTPDataError(451, b"greylisted"), "mail_unavailable"),
        (smtplib.SMTPRecipientsRefused({"a": (450, b"busy")}), "mail_unavailable"),
        (ConnectionRefusedError(), "mail_unavailable"),
        (smtplib.SMTPConnectError(554, b"not you"), "mail_unavailable"),
        (smtplib.SMTPHeloError(550, b"not you"), "mail_unavailable"),
        (smtplib.SMTPSenderRefused(550, b"not you", "a"), "mail_unavailable"),
        (smtplib.SMTPRecipientsRefused({"a": (550, b"5.1.1")}), "email_rejected"),
        (smtplib.SMTPDataError(554, b"no"), "email_rejected"),
    ],
)
def test_a_mail_server_that_refuses_leaves_the_address_as_it_was(
    insurer: Insurer, account: Account, mail: MailBreaker, error: Exception, reason: str
) -> None:
    mail.error = error
    with pytest.raises(Declined, match=reason):
        insurer.enter_email(account, "other@post.example")
    assert (account.email, account.email_confirmed) == (account.insured.person.email, True)


@pytest.mark.parametrize(
    "error",
    [
        smtplib.SMTPNotSupportedError("no STARTTLS"),
        smtplib.SMTPResponseException(454, b"not now"),
        ssl.SSLCertVerificationError("expired"),
        smtplib.SMTPAuthenticationError(535, b"wrong"),
    ],
)
def test_without_tls_and_login_no_mail_goes_out(
    insurer: Insurer, account: Account, mail: MailBreaker, error: Exception
) -> None:
    mail.at_login = error
    with pytest.raises(Declined, match="mail_unavailable"):
        insurer.enter_email(account, "other@post.example")
    assert mail.sent == 0


@pytest.mark.parametrize("address", ["", "a", "a@b", "a b@c.example", "a@c.example\nBcc: d@e.example", "ä@c.example"])
def test_no_mail_goes_to_what_is_no_address(
    insurer: Insurer, account: Account, mail: MailBreaker, address: str
) -> None:
    with pytest.raises(Declined, match="email_invalid"):
        insurer.enter_email(account, address)
    assert mail.sent == 0


def test_twilios_own_example_of_a_signature() -> None:
    """Source: Twilio, Webhooks Security, the worked example."""
    form = {
        "CallSid": "CA1234567890ABCDE",
        "Caller": "+14158675310",
        "Digits": "1234",
        "From": "+14158675310",
        "To": "+18005551212",
    }
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    assert twilio_signature("12345", url, form) == "GvWf1cFY/Q7PnoempGyD5oXAezc="


@responses.activate
def test_an_undelivered_sms_is_shown(insurer: Insurer, account: Account) -> None:
    responses.post(SMS, json={"sid": "SM1"}, status=201)
    insurer.request_tan(account)
    insurer.tans.report("SM2", "undelivered")
    assert tan_state(account) == "sent"
    insurer.tans.report("SM1", "undelivered")
    assert tan_state(account) == "undelivered"


@pytest.mark.parametrize("later", ["queued", "sent", "undelivered"])
@responses.activate
def test_a_report_of_an_earlier_state_that_comes_late_does_not_undo_the_failure(
    insurer: Insurer, account: Account, later: str
) -> None:
    responses.post(SMS, json={"sid": "SM1"}, status=201)
    insurer.request_tan(account)
    insurer.tans.report("SM1", "failed")
    insurer.tans.report("SM1", later)
    assert tan_state(account) == "undelivered"
