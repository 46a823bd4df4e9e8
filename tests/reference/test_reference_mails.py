"""The reference system's mails, as a mail program takes them apart."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from email import message_from_bytes
from email.policy import default

import pytest

from emulators.mail.mailbox import MailMessage
from harness.profile import InsurerProfile
from tests.reference.conftest import Bench


def sent_to(bench: Bench) -> MailMessage:
    """The mail that confirms an address, as it lies in the mailbox."""
    bench.register()
    newest = bench.world.mail.mailbox(bench.person.email).newest
    assert newest is not None
    return newest


@pytest.fixture
def mail(bench: Bench) -> MailMessage:
    return sent_to(bench)


def test_a_mail_is_text_or_a_page_with_its_pictures_beside_it(mail: MailMessage) -> None:
    message = message_from_bytes(mail.raw, policy=default)
    assert [part.get_content_type() for part in message.walk()] == [
        "multipart/alternative",
        "text/plain",
        "multipart/related",
        "text/html",
        "image/png",
        "image/png",
    ]
    (related,) = (part for part in message.walk() if part.get_content_type() == "multipart/related")
    assert related.get_param("type") == "text/html"
    assert [part.defects for part in message.walk()] == [[]] * 6


def test_the_page_shows_each_picture_of_the_mail_in_its_size_and_fetches_none(mail: MailMessage) -> None:
    shown = re.findall(r'<img src="cid:([^"]+)" alt="[^"]+" width="(\d+)" height="(\d+)">', mail.html)
    brought = {part.content_id: part for part in mail.content.attachments}
    assert [content_id for content_id, *_ in shown] == list(brought)
    assert len(shown) == mail.html.count("<img") == 2
    for content_id, width, height in shown:
        part = brought[content_id]
        assert (part.inline, part.content_type, part.content[:8]) == (True, "image/png", b"\x89PNG\r\n\x1a\n")
        assert struct.unpack(">II", part.content[16:24]) == (int(width), int(height))
    assert re.findall(r'src="(?!cid:)', mail.html) == []


def test_the_button_is_there_with_pictures_and_without(mail: MailMessage) -> None:
    assert (
        mail.content.page().links == mail.content.page("remote").links == mail.content.page("all").links == mail.links
    )
    assert mail.content.page("all").alternatives == ("Musterkasse", "E-Mail-Adresse bestätigen")


def test_the_name_of_the_insurer_is_written_as_text(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench(profile=InsurerProfile(name='Kasse "A" & <B>'))
    assert sent_to(bench).content.page("all").words.startswith('Kasse "A" & <B>\n')


def test_the_same_seed_writes_the_same_mail(make_bench: Callable[..., Bench]) -> None:
    assert sent_to(make_bench()).raw == sent_to(make_bench()).raw
