"""A world put together: its doors, its people, and that nothing is shared with another one."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
import requests

from emulators.core.faults import UnknownFault
from emulators.sms.takeover import Platform
from emulators.world import World, guests

GUEST = """
from emulators.core.transport_faults import Outage

class Fax:
    name = "fax"
    faults = {"outage": Outage}
    def __init__(self, physics):
        self.physics = physics
    def doors(self):
        return ()
"""


@pytest.fixture
def a_guest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Another distribution that brings an emulator by an entry point."""
    (tmp_path / "fax_guest.py").write_text(GUEST, "utf-8")
    about = tmp_path / "fax_guest-1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: fax-guest\nVersion: 1\n", "utf-8")
    (about / "entry_points.txt").write_text("[pruefstand.emulators]\nfax = fax_guest:Fax\n", "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    guests.cache_clear()
    yield
    guests.cache_clear()


@pytest.mark.usefixtures("a_guest")
def test_an_emulator_of_another_distribution_is_a_guest_in_every_world() -> None:
    with world().open() as subject:
        assert set(subject.guests) == {"fax"}
        assert subject.faults.arm("fax", "outage").name == "fax.outage"


def world(seed: int = 0) -> World:
    made = World(seed)
    made.settle_in("person", "child")
    made.give_phone("person", "first", "pixel-6")
    return made


@pytest.mark.parametrize("sockets", [False, True])
def test_the_same_call_gets_the_same_answer_in_process_and_on_a_socket(sockets: bool) -> None:
    with world().open(sockets=sockets) as subject:
        base, sid, token = subject.addresses["sms"], subject.keys["sms_sid"], subject.keys["sms_token"]
        url = f"{base}/2010-04-01/Accounts/{sid}/Messages.json"
        answer = requests.post(url, data={"To": "12", "From": "Test", "Body": "x"}, auth=(sid, token), timeout=5)
        assert (answer.status_code, answer.json()["code"]) == (400, 21211)


@pytest.mark.parametrize("sockets", [False, True])
def test_a_mail_reaches_the_mailbox_either_way(sockets: bool) -> None:
    with world().open(sockets=sockets) as subject:
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = "a@musterkasse.example", subject.people["person"].email, "Grüße"
        mail.set_content("Hallo")
        with subject.smtp() as client:
            client.send_message(mail)
        subject.happen()
        assert [m.subject for m in subject.mail.mailbox(subject.people["person"].email).messages] == ["Grüße"]
        latest = requests.get(f"{subject.addresses['mail_api']}/api/v1/message/latest", timeout=5)
        assert latest.json()["Subject"] == "Grüße"


@pytest.mark.parametrize("sockets", [False, True])
def test_the_mail_server_proves_itself_to_who_trusts_its_ca(sockets: bool) -> None:
    trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    with world().open(sockets=sockets) as subject:
        trusting.load_verify_locations(cadata=subject.mail_ca)
        with subject.smtp() as client:
            assert client.starttls(context=trusting)[0] == 220
            assert client.login(subject.keys["mail_user"], subject.keys["mail_password"])[0] == 235
        with pytest.raises(ssl.SSLCertVerificationError), subject.smtp() as client:
            client.starttls(context=ssl.create_default_context())


@pytest.mark.parametrize(
    ("model", "platform"), [("pixel-6", Platform.ANDROID), ("iphone-12", Platform.IOS), ("ipad", None)]
)
def test_a_handset_offers_the_ways_of_its_phone(model: str, platform: Platform | None) -> None:
    subject = World(seed=1)
    person = subject.settle_in("person", "adult")
    subject.give_phone("person", "first", model)
    assert subject.sms.handset(person.mobile).platform is platform


def test_a_closed_world_answers_nobody() -> None:
    subject = world().open(sockets=True)
    base = subject.addresses["post"]
    subject.close()
    subject.close()
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{base}/api/letters", timeout=2)


def test_an_open_world_cannot_be_opened_again() -> None:
    with world().open() as subject, pytest.raises(RuntimeError, match="open already"):
        subject.open()


def test_worlds_in_one_process_nest() -> None:
    outer = world(1).open()
    inner = world(2).open()
    with pytest.raises(RuntimeError, match="opened later is still open"):
        outer.close()
    inner.close()
    outer.close()


def test_two_worlds_on_sockets_live_side_by_side() -> None:
    with world(1).open(sockets=True) as one, world(2).open(sockets=True) as two:
        assert one.addresses["sms"] != two.addresses["sms"]
        one.faults.arm("mail", "outage")
        with pytest.raises(smtplib.SMTPConnectError), one.smtp():
            pass
        with two.smtp() as client:
            client.quit()


def test_a_child_comes_with_its_guardian_and_shares_the_letterbox() -> None:
    subject = world()
    child, guardian = subject.people["person"], subject.people["guardian"]
    assert subject.post.letterbox(child.address) is subject.post.letterbox(guardian.address)
    assert subject.phone("guardian") is not subject.phone("person")
    assert subject.phone("person", "guardian") is subject.phone("guardian")


def test_every_emulator_declares_its_faults() -> None:
    subject = world()
    for emulator in ("sms", "mail", "post", "ident", "branch", "card", "phone"):
        with pytest.raises(UnknownFault, match=f"is not known to '{emulator}'; known: "):
            subject.faults.arm(emulator, "nonsense")


def test_the_new_card_replaces_the_old_one_in_the_hand() -> None:
    subject = world()
    before = subject.card()
    subject.take_new_card()
    assert subject.card() is not before
    with pytest.raises(LookupError, match="no new card"):
        subject.take_new_card()
