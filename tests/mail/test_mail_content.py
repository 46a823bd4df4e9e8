"""What is read out of the bytes of a mail."""

from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulators.mail.content import Content
from emulators.mail.mangling import break_links, escape_links

LINK = "https://epa.example/bestaetigen?token=a1b2c3&weg=mail"


def mail(text: str | None = None, html: str | None = None, **headers: str) -> Content:
    message = EmailMessage()
    for name, value in headers.items():
        message[name] = value
    if text is not None:
        message.set_content(text)
    if html is not None:
        if text is None:
            message.set_content(html, subtype="html")
        else:
            message.add_alternative(html, subtype="html")
    return Content(message.as_bytes())


def test_umlauts_come_out_of_headers_and_parts() -> None:
    content = mail(
        "Grüße", "<p>Größe</p>", Subject="Bestätigen Sie Ihre Adresse – " + "ä" * 80, From="Müller <m@x.example>"
    )
    assert content.subject == "Bestätigen Sie Ihre Adresse – " + "ä" * 80
    assert content.sender == "Müller <m@x.example>"
    assert content.text == "Grüße\n"
    assert content.html == "<p>Größe</p>\n"


def test_a_header_in_raw_utf8_is_read_too() -> None:
    assert Content("Subject: Grüße\r\n für Sie\r\n\r\n".encode()).subject == "Grüße für Sie"


@pytest.mark.parametrize(
    ("header", "addresses"),
    [
        ("=?UTF-8?Q?M=C3=BCller=2C_Anna?= <a@x.example>", [("Müller, Anna", "a@x.example")]),
        ("=?UTF-8?Q?Kasse_=28Nord=29?= <a@x.example>", [("Kasse (Nord)", "a@x.example")]),
        ("=?utf-8?B?U2VydmljZTsgPHhAeS5leGFtcGxlPg==?= <a@x.example>", [("Service; <x@y.example>", "a@x.example")]),
        ("=?utf-8?Q?M=C3=BC?=\r\n =?utf-8?Q?ller=2C_A?= <a@x.example>", [("Müller, A", "a@x.example")]),
        ('"Müller, Anna" <a@x.example>,\r\n jörg@bücher.example',
         [("Müller, Anna", "a@x.example"), ("", "jörg@bücher.example")]),
        ("Team: a@x.example, =?utf-8?Q?B=3B?= <b@x.example>;, c@x.example",
         [("", "a@x.example"), ("B;", "b@x.example"), ("", "c@x.example")]),
        ("undisclosed-recipients:;", []),
        ("a@x.example (=?utf-8?Q?M=C3=BCller=2C_Anna?=)", [("Müller, Anna", "a@x.example")]),
        ("=?utf-8?B?a?= <a@x.example>", [("=?utf-8?B?a?=", "a@x.example")]),
    ],
)  # fmt: skip
def test_addresses_are_told_apart_before_names_are_decoded(header: str, addresses: list[tuple[str, str]]) -> None:
    assert list(Content(f"To: {header}\r\n\r\n".encode()).addresses("to")) == addresses


def test_a_link_split_by_quoted_printable_is_whole_again() -> None:
    raw = (
        b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
        b"https://epa.example/bestaetigen?token=3Da1=\r\nb2c3&weg=3Dmail\r\n"
    )
    assert Content(raw).links == (LINK,)


def test_a_header_in_broken_base64_is_shown_as_it_is() -> None:
    assert Content(b"Subject: =?utf-8?B?a?=\r\n\r\n").subject == "=?utf-8?B?a?="


@pytest.mark.parametrize(
    ("text", "links"),
    [
        (f"Bitte {LINK}.", (LINK,)),
        (f"<{LINK}>", (LINK,)),
        (f"({LINK})", (LINK,)),
        (f"{LINK}\n{LINK}\nhttp://zwei.example", (LINK, "http://zwei.example")),
        ("ftp://x.example und https:// und nichts", ()),
    ],
)
def test_links_are_found_in_text(text: str, links: tuple[str, ...]) -> None:
    assert mail(text).links == links


@pytest.mark.parametrize(
    "html",
    [
        f'<a href="{LINK.replace("&", "&amp;")}">hier</a>',
        f"<A class=x HREF='{LINK}'>hier</A>",
        f"<a\nhref={LINK}>hier</a>",
        f'<a href=" {LINK[:30]}\n{LINK[30:]} ">hier</a>',
    ],
)
def test_links_are_found_in_html_as_a_browser_reads_them(html: str) -> None:
    assert mail(None, html).links == (LINK,)


def test_links_of_html_come_first_and_each_comes_once() -> None:
    content = mail(f"https://text.example {LINK}", f'<a href="{LINK}">x</a> <a href="mailto:a@b.example">y</a>')
    assert content.links == (LINK, "https://text.example")


@pytest.mark.parametrize("charset", ["nonsense", "utf-8", "x\x00y", "idna", "rot13", "base64", "undefined"])
def test_an_unknown_charset_shows_something(charset: str) -> None:
    raw = f"Subject: =?{charset}?Q?abc?=\r\nContent-Type: text/plain; charset={charset}\r\n\r\nabc\xff".encode(
        "latin-1"
    )
    content = Content(raw)
    assert "abc" in content.subject
    assert isinstance(content.text, str)


@pytest.mark.parametrize("mangle", [break_links, escape_links])
@pytest.mark.parametrize("link", [LINK, "https://epa.example/b/a1b2c3"])
def test_a_mangled_link_is_another_link_in_both_parts(mangle: type, link: str) -> None:
    before = mail(f"Bitte öffnen: {link}.", f'<a href="{link}">hier</a>', Subject="Prüfung")
    after = before.edited(mangle, mangle)
    assert link in before.links
    assert after.links
    assert link not in after.links
    assert after.subject == "Prüfung"
    assert "öffnen" in after.text


header_like = st.builds(
    lambda lines, body: b"\r\n".join(lines) + b"\r\n\r\n" + body,
    st.lists(
        st.builds(
            lambda name, value: name + b": " + value,
            st.sampled_from([b"Subject", b"From", b"Content-Type", b"Content-Transfer-Encoding", b"MIME-Version"]),
            st.one_of(
                st.binary(max_size=40),
                st.sampled_from(
                    [
                        b"text/html; charset=utf-16",
                        b"text/plain; charset*=utf-8''%FF",
                        b"multipart/mixed; boundary=x",
                        b"message/rfc822",
                        b"base64",
                        b"x-uuencode",
                        b"quoted-printable",
                        b"=?utf-8?B?!!!?=",
                        b"=?utf-8?B?a?=",
                        b"=?utf-8?B?/w==?=",
                        b"=?x?Q?=FF?= =?utf-8?Q?=FF?=",
                    ]
                ),
            ),
        ),
        max_size=5,
    ),
    st.one_of(st.binary(max_size=100), st.just(b"--x\r\nContent-Type: text/html\r\n\r\n<a href=https://x>\r\n--x--")),
)


@given(st.one_of(st.binary(max_size=300), header_like))
@settings(deadline=None, max_examples=300)
def test_any_bytes_are_some_mail(raw: bytes) -> None:
    content = Content(raw)
    shown = (content.subject, content.sender, content.text, content.html, *content.links)
    assert all(isinstance(each, str) for each in shown)
    assert isinstance(content.edited(break_links, escape_links).links, tuple)
