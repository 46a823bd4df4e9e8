"""The read API, as clients of Mailpit's use it, on a socket and in process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from email.message import EmailMessage
from hashlib import new

import pytest
import requests
import responses
from hypothesis import given
from hypothesis import strategies as st

from emulators.core.physics import Physics
from emulators.mail.content import Content
from emulators.mail.mailbox import MailMessage
from emulators.mail.server import MailServer
from emulators.mail.shape import detail, summary
from emulators.wire.http import mount
from emulators.wire.loop import BackgroundLoop
from tests.mail.mails import ADDRESS, LINK, SENDER, data, mail

Api = Callable[..., requests.Response]
LINK_OF_IT = {"URL": LINK, "Visible": True}


@pytest.fixture(params=["in process", "socket"])
def api(request: pytest.FixtureRequest, server: MailServer) -> Iterator[Api]:
    """`api(method, path)`."""

    def calling(base: str) -> Api:
        return lambda method, path, **how: requests.request(method, base + path, timeout=5, **how)

    if request.param == "in process":
        with responses.RequestsMock() as mock:
            mount(mock, "http://mail.test", server.app)
            yield calling("http://mail.test")
        return
    _, door = server.doors()
    with BackgroundLoop() as loop:
        yield calling(door.open(loop))
        door.close()


def with_files() -> EmailMessage:
    message = mail(subject="Mit Anhang", html='<p>Bild <img src="cid:bild@x"></p>')
    html = message.get_payload()[1]  # type: ignore[index]
    assert isinstance(html, EmailMessage)
    html.add_related(b"PNG", "image", "png", cid="<bild@x>", filename="bild.png", disposition="inline")
    message.add_attachment(b"%PDF", "application", "pdf", filename="Übersicht.pdf")
    message.add_attachment("<script></script>", "html", filename="x.html")
    message["Message-ID"] = "<abc@musterkasse.example>"
    message["Date"] = "Tue, 23 Mar 2021 08:30:00 +0100"
    message["Cc"] = "Max <max@post.example>"
    message["Reply-To"] = "hilfe@musterkasse.example"
    return message


@pytest.fixture
def three(server: MailServer, physics: Physics) -> MailServer:
    """A mail to Erika, a day later one to Max, then one with files to both."""
    server.mailbox(ADDRESS)
    server.mailbox("max@post.example")
    for day, message in enumerate(
        (mail(), mail("max+epa@post.example", subject="Für Max", text="Hallo"), with_files())
    ):
        if day:
            physics.advance_to(physics.clock.now + timedelta(days=1))
        server.smtp().send_message(message)
        physics.happen()
    return server


@pytest.mark.usefixtures("three")
def test_the_newest_mail_stands_first_in_the_list(api: Api) -> None:
    listed = api("GET", "/api/v1/messages").json()
    assert [each["Subject"] for each in listed["messages"]] == [
        "Mit Anhang",
        "Mit Anhang",
        "Für Max",
        "Bitte bestätigen",
    ]
    assert [each["ID"] for each in listed["messages"]] == ["M000003-2", "M000003", "M000002", "M000001"]
    del listed["messages"]
    assert listed == {
        "total": 4, "unread": 4, "count": 4, "messages_count": 4, "messages_unread": 4, "start": 0, "tags": ["epa"],
    }  # fmt: skip


@pytest.mark.usefixtures("three")
def test_a_list_comes_in_pages(api: Api) -> None:
    page = api("GET", "/api/v1/messages", params={"start": 1, "limit": 2}).json()
    assert [each["ID"] for each in page["messages"]] == ["M000003", "M000002"]
    assert (page["start"], page["count"], page["total"]) == (1, 2, 4)


def test_an_entry_of_the_list_has_the_fields_of_mailpit(three: MailServer, api: Api) -> None:
    newest = three.mailboxes.find("M000003")
    assert newest is not None
    (_, entry, *_) = api("GET", "/api/v1/messages").json()["messages"]
    assert entry == {
        "ID": "M000003",
        "MessageID": "abc@musterkasse.example",
        "Read": False,
        "From": {"Name": "Musterkasse", "Address": SENDER},
        "To": [{"Name": "", "Address": ADDRESS}],
        "Cc": [{"Name": "Max", "Address": "max@post.example"}],
        "Bcc": [],
        "ReplyTo": [{"Name": "", "Address": "hilfe@musterkasse.example"}],
        "Subject": "Mit Anhang",
        "Created": "2021-03-25T09:00:00+01:00",
        "Username": "",
        "Tags": [],
        "Size": len(newest.raw),
        "Attachments": 2,
        "Snippet": "Bild",
        "Folder": "inbox",
        "Recipient": ADDRESS,
        "ImagesBlocked": "none",
    }


@pytest.mark.usefixtures("three")
def test_a_message_has_its_parts_and_is_read_from_then_on(api: Api) -> None:
    message = api("GET", "/api/v1/message/M000003").json()
    assert message["Text"] == f"Bitte öffnen Sie {LINK} bald.\n.\n..\n"
    assert message["HTML"] == '<p>Bild <img src="cid:bild@x"></p>\n'
    assert (message["Date"], message["ReturnPath"]) == ("2021-03-23T08:30:00+01:00", SENDER)
    (inline,) = message["Inline"]
    assert (inline["FileName"], inline["ContentID"], inline["Size"]) == ("bild.png", "bild@x", 3)
    pdf, page = message["Attachments"]
    assert (pdf["FileName"], pdf["ContentType"], pdf["Size"]) == ("Übersicht.pdf", "application/pdf", 4)
    assert pdf["Checksums"] == {name: new(name, b"%PDF").hexdigest() for name in ("MD5", "SHA1", "SHA256")}
    got = api("GET", f"/api/v1/message/M000003/part/{pdf['PartID']}")
    assert (got.content, got.headers["content-type"]) == (b"%PDF", "application/pdf")
    assert got.headers["content-disposition"] == 'inline; filename="%C3%9Cbersicht.pdf"'
    runnable = api("GET", f"/api/v1/message/M000003/part/{page['PartID']}")
    assert runnable.headers["content-type"] == "application/octet-stream"
    assert api("GET", "/api/v1/messages").json()["unread"] == 3


@pytest.mark.usefixtures("three")
def test_the_latest_is_the_newest_or_the_newest_that_fits(api: Api) -> None:
    assert api("GET", "/api/v1/message/latest").json()["ID"] == "M000003-2"
    assert api("GET", "/api/v1/message/latest", params={"query": "to:max subject:für"}).json()["ID"] == "M000002"
    assert api("GET", "/view/latest.txt", params={"query": "is:tagged"}).text == "Hallo\n"


def test_headers_and_source_are_those_of_the_wire(three: MailServer, api: Api) -> None:
    headers = api("GET", "/api/v1/message/M000001/headers").json()
    assert headers["Subject"] == ["Bitte bestätigen"]
    assert list(headers) == sorted(headers)
    message = three.mailboxes.find("M000001")
    assert message is not None
    assert api("GET", "/api/v1/message/M000001/raw").content == message.raw


@pytest.mark.usefixtures("three")
def test_the_view_of_the_html_shows_the_pictures_of_the_mail_and_nothing_else(api: Api) -> None:
    view = api("GET", "/view/latest.html")
    source = view.text.partition('src="')[2].partition('"')[0]
    assert api("GET", source).content == b"PNG"
    assert "default-src 'none'" in view.headers["content-security-policy"]
    assert api("GET", "/view/M000001.html").status_code == 404


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("from:musterkasse", 4),
        ("to:erika", 3),
        ("to:erika@post.example subject:bitte", 1),
        ('subject:"mit anhang"', 2),
        ('"Bitte bestätigen"', 1),
        ("-subject:anhang", 2),
        ("!to:max+epa", 3),
        ("cc:max", 2),
        ("reply-to:hilfe", 2),
        ("addressed:max", 3),
        ("message-id:abc", 2),
        ("tag:EPA", 1),
        ("is:unread", 4),
        ("is:read", 0),
        ("is:spam", 0),
        ("has:attachment", 2),
        ("before:2021-03-24", 1),
        ("after:2021-03-24", 3),
        ("after:2021-03-24T09:00 before:2021-03-25", 1),
        ("hallo", 1),
        ("a1b2c3", 3),
        ("nichts davon", 0),
        ("https://epa.example", 3),
    ],
)
@pytest.mark.usefixtures("three")
def test_a_search_finds_what_fits(api: Api, query: str, found: int) -> None:
    answer = api("GET", "/api/v1/search", params={"query": query, "limit": 1}).json()
    assert (answer["messages_count"], answer["messages_unread"]) == (found, found)
    assert (answer["count"], answer["total"]) == (min(found, 1), 4)


@pytest.mark.usefixtures("three")
def test_days_begin_where_the_asker_lives(api: Api) -> None:
    query = {"query": "after:2021-03-24T09:00", "tz": "America/New_York"}
    assert api("GET", "/api/v1/search", params=query).json()["messages_count"] == 2


@pytest.mark.parametrize(
    ("body", "unread"),
    [
        ({"Read": True}, 0),
        ({"Read": True, "IDs": ["M000001", "nobody"]}, 3),
        ({"Read": True, "Search": "to:max"}, 2),
        ({}, 4),
    ],
)
@pytest.mark.usefixtures("three")
def test_mails_are_marked_all_or_some_or_those_found(api: Api, body: dict[str, object], unread: int) -> None:
    assert api("PUT", "/api/v1/messages", json=body).text == "ok"
    assert api("GET", "/api/v1/info").json()["Unread"] == unread


@pytest.mark.parametrize(
    ("path", "how", "left"),
    [
        ("/api/v1/messages", {"json": {"IDs": ["M000001", "M000001"]}}, 3),
        ("/api/v1/messages", {}, 0),
        ("/api/v1/search", {"params": {"query": "subject:anhang"}}, 2),
    ],
)
def test_a_deleted_mail_is_out_of_the_mailbox_too(
    three: MailServer, api: Api, path: str, how: dict[str, object], left: int
) -> None:
    assert api("DELETE", path, **how).text == "ok"
    assert api("GET", "/api/v1/messages").json()["total"] == left
    assert len(three.mailbox(ADDRESS).messages) + len(three.mailbox("max@post.example").messages) == left
    assert data(three.physics, "deleted")["id"] in ("M000001", "M000003")


@pytest.mark.usefixtures("three")
def test_a_link_has_a_state_that_can_be_noted(api: Api) -> None:
    assert api("GET", "/api/v1/message/M000001").json()["Links"] == [LINK_OF_IT | {"State": "unused"}]
    assert api("PUT", "/api/v1/message/M000001/links", json={"URL": LINK}).text == "ok"
    assert api("GET", "/api/v1/message/M000001").json()["Links"] == [LINK_OF_IT | {"State": "used"}]


@pytest.mark.parametrize(
    ("which", "images", "visible"),
    [
        ("all", "img-src 'none'", False),
        ("remote", "img-src 'self' data:", True),
        ("none", "img-src 'self' data:", True),
    ],
)
def test_a_mail_is_viewed_with_the_images_that_its_recipient_sees(
    physics: Physics, server: MailServer, api: Api, which: str, images: str, visible: bool
) -> None:
    server.mailbox(ADDRESS)
    if which != "none":
        physics.faults.arm("mail", "images_blocked", {"which": which})
    message = mail(html=f'<a href="{LINK}"><img src="cid:b@x"></a>')
    _, page = message.iter_parts()
    assert isinstance(page, EmailMessage)
    page.add_related(b"PNG", "image", "png", cid="<b@x>")
    server.smtp().send_message(message)
    physics.happen()
    got = api("GET", "/api/v1/message/latest").json()
    assert (got["ImagesBlocked"], got["Links"][0]["Visible"]) == (which, visible)
    (inline,) = got["Inline"]
    assert (inline["FileName"], inline["ContentType"]) == ("b@x", "image/png")  # as Mailpit names what has no name
    view = api("GET", "/view/latest.html")
    assert images in view.headers["content-security-policy"]
    assert f"/api/v1/message/M000001/part/{inline['PartID']}" in view.text


@pytest.mark.parametrize(
    ("method", "path", "how", "status", "told"),
    [
        ("GET", "/api/v1/message/nobody", {}, 404, "no message 'nobody'"),
        ("GET", "/api/v1/message/M000001/part/7", {}, 404, "no part 7"),
        ("GET", "/api/v1/search", {}, 400, "no search query"),
        ("GET", "/api/v1/search?query=before:gestern", {}, 400, "'gestern' is no date"),
        ("GET", "/api/v1/search?query=x&tz=Mars", {}, 400, "no time zone"),
        ("GET", "/api/v1/search?query=x&tz=../x", {}, 400, "no time zone"),
        ("GET", "/api/v1/messages?start=-1", {}, 400, "start='-1' is no number"),
        ("GET", "/api/v1/messages?limit=x", {}, 400, "limit='x' is no number"),
        ("PUT", "/api/v1/messages", {"data": b"{"}, 400, "Invalid JSON"),
        ("PUT", "/api/v1/messages", {"json": {"IDs": "x"}}, 400, "IDs"),
        ("PUT", "/api/v1/messages", {"json": {"IDs": ["x"], "Search": "y"}}, 400, "either IDs or a search"),
        ("DELETE", "/api/v1/messages", {"json": {"ids": []}}, 400, "ids"),
        ("PUT", "/api/v1/message/M000001/links", {"json": {"URL": "https://x.example"}}, 400, "has no link"),
        ("GET", "/api/v1/nothing", {}, 404, ""),
        ("POST", "/api/v1/messages", {}, 405, ""),
    ],
)
@pytest.mark.usefixtures("three")
def test_what_is_asked_wrongly_is_told(
    api: Api, method: str, path: str, how: dict[str, object], status: int, told: str
) -> None:
    answer = api(method, path, **how)
    assert answer.status_code == status
    assert told in answer.text


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
def test_the_server_says_that_it_lives(api: Api, path: str) -> None:
    assert api("GET", path).text == "ok"


def test_an_empty_server_has_no_latest(api: Api) -> None:
    assert api("GET", "/api/v1/message/latest").status_code == 404
    assert api("GET", "/api/v1/messages").json()["messages"] == []


def test_who_is_in_no_header_was_a_blind_copy(server: MailServer, physics: Physics, api: Api) -> None:
    server.mailbox("max@post.example")
    server.smtp().send_message(mail(), to_addrs=["max@post.example"])
    physics.happen()
    assert api("GET", "/api/v1/message/latest").json()["Bcc"] == [{"Name": "", "Address": "max@post.example"}]


@given(st.binary(max_size=200))
def test_any_bytes_have_a_shape(raw: bytes) -> None:
    server = MailServer(Physics())
    head = b"Content-Type: multipart/mixed; boundary=x\r\nDate: x\r\n\r\n--x\r\nContent-Disposition: attachment;"
    for each in (raw, head + raw):
        message = MailMessage("M1", ADDRESS, server.physics.clock.now, "inbox", Content(each), "M1")
        assert summary(server.mailboxes, message)["ID"] == detail(server.mailboxes, message)["ID"]
