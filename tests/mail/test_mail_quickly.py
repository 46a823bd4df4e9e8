"""The quick reader says what the whole parser says, or nothing."""

from __future__ import annotations

from email.message import EmailMessage

from hypothesis import given
from hypothesis import strategies as st

from emulators.mail.content import decoded, shown_wholly
from emulators.mail.quick import shown_quickly

words = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=60)
bodies = st.lists(words, max_size=6).map("\n".join)
encodings = st.sampled_from(["7bit", "8bit", "quoted-printable", "base64"])


def agree(raw: bytes) -> bool:
    return shown_quickly(raw, decoded) in (None, shown_wholly(raw))


@st.composite
def mails(draw: st.DrawFn) -> bytes:
    message = EmailMessage()
    message["Subject"] = draw(words.map(lambda text: " ".join(text.split())))
    message["From"] = "Müller <m@x.example>"
    text, html = draw(bodies), draw(st.none() | bodies)
    encoding, image = draw(encodings), draw(st.binary(max_size=200))
    message.set_content(text, cte=encoding if encoding != "7bit" or text.isascii() else "8bit")
    if html is not None:
        message.add_alternative(html, subtype="html", cte=draw(st.sampled_from(["quoted-printable", "base64"])))
        if draw(st.booleans()):
            _, page = message.iter_parts()
            page.add_related(image, "image", "png", cid="<a@b>", filename="a.png", disposition="inline")
            page.set_boundary("=_beside")
            page.set_param("type", draw(st.sampled_from(["text/html", "multipart/alternative", "text", 'a"b'])))
        message.set_boundary("=_between")
    return message.as_bytes().replace(b"\n", b"\r\n")


@given(mails())
def test_both_readers_agree_on_mails_of_the_library(raw: bytes) -> None:
    assert agree(raw)


PIECES = [
    b"Subject: Gr\xc3\xbc\xc3\x9fe\r\n", b"Subject: =?utf-8?Q?a=FC?=\r\n folded\r\n", b"From: a@b.example\r\n", b"\r\n",
    b"Content-Type: text/plain\r\n", b"Content-Type: text/html; charset=utf-8\r\n", b"content-type: text/plain;\r\n",
    b"Content-Type: text/plain; charset=\"iso-8859-1\"\r\n", b"Content-Transfer-Encoding: base64\r\n",
    b"Content-Transfer-Encoding: quoted-printable\r\n", b"Content-Type: multipart/alternative; boundary=\"x\"\r\n",
    b"Content-Type: multipart/related; type=\"text/html\"; boundary=\"x\"\r\n",
    b"Content-Type: multipart/related; boundary=\"x\"; type=\"text/html\"\r\n",
    b"--x\r\n", b"--x--\r\n", b"--x", b"\n--x\r\n", b"\r--x\r\n",
    b"R3LDvMOfZQ==\r\n", b"a=3Db=\r\nc\r\n", b"=\r\n", b"\xff\r\n",
    b"Content-Disposition: attachment\r\n", b"Content-Type: image/png; name=x\r\n", b"Content-Type: image/\r\n",
    b"text\r\n", b"--y\r\n", b" --x\r\n", b"--x \r\n", b".\r\n", b"\n", b"\r",
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=14).map(b"".join) | st.binary(max_size=80))
def test_both_readers_agree_on_mails_of_any_kind(raw: bytes) -> None:
    assert agree(raw)


def test_the_usual_mail_is_read_quickly() -> None:
    message = EmailMessage()
    message["Subject"] = "Bestätigen"
    message["From"] = "a@b.example"
    message.set_content("Grüße\n")
    message.add_alternative("<p>Grüße</p>\n", subtype="html")
    raw = message.as_bytes().replace(b"\n", b"\r\n")
    assert shown_quickly(raw, decoded) == ("Bestätigen", "a@b.example", "Grüße\n", "<p>Grüße</p>\n")


def test_a_mail_that_brings_images_along_is_read_quickly_too() -> None:
    message = EmailMessage()
    message["Subject"] = "Bestätigen"
    message["From"] = "a@b.example"
    message.set_content("Grüße\n")
    message.add_alternative('<img src="cid:a@b">\n', subtype="html")
    _, page = message.iter_parts()
    page.add_related(b"PNG", "image", "png", cid="<a@b>", filename="a.png", disposition="inline")
    page.set_boundary("=_beside")
    page.set_param("type", "text/html")
    raw = message.as_bytes().replace(b"\n", b"\r\n")
    assert shown_quickly(raw, decoded) == ("Bestätigen", "a@b.example", "Grüße\n", '<img src="cid:a@b">\n')
