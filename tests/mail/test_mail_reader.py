"""What a person sees of a mail's HTML, with images and without."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.mail.content import Content
from emulators.mail.reader import Page, page_of_html, page_of_text

LINK = "https://epa.example/bestaetigen?a=1&b=2"
HREF = LINK.replace("&", "&amp;")


def with_images(html: str) -> Page:
    return page_of_html(html, lambda source: bool(source))


def without_images(html: str) -> Page:
    return page_of_html(html, lambda _: False)


@pytest.mark.parametrize(
    "html",
    [
        f'<a href="{HREF}">hier</a>',
        f"<A class=x HREF='{HREF}' title='a > b'>\n<b>hier</b></A>",
        f"<a href={HREF}>hier",
        f'<a href="{HREF}"><img src="x.png" alt="hier"></a>',
        f'<a href="{HREF}"><table><tr><td>hier</table></a>',
        f'<a href="{HREF}">&nbsp;hier</a>',
        f'<a href="{HREF}" href="https://other.example">hier</a>',
        f'<!-- <a href="https://other.example">dort</a> --><a href="{HREF}">hier</a>',
        f'<p hidden>dort</p><a href="{HREF}">hier</a>',
    ],
)
def test_a_link_of_which_something_shows_can_be_clicked_without_images(html: str) -> None:
    page = without_images(html)
    assert (page.words, page.links) == ("hier", (LINK,))


@pytest.mark.parametrize(
    "html",
    [
        f'<a href="{HREF}"></a>',
        f'<a href="{HREF}"> &nbsp;\n</a>',
        f'<a href="{HREF}"><img src="x.png"></a>',
        f'<a href="{HREF}"><img src="x.png" alt=""></a>',
        f'<a href="{HREF}"><img src="x.png" alt="&nbsp;"></a>',
        f'<div style="display: none">Vorschau <div></div><a href="{HREF}">hier</a></div>',
        f'<div hidden><a href="{HREF}">hier</a></div>',
        f'<a href="{HREF}"><img hidden src="x.png" alt="hier"></a>',
        f'<!-- <a href="{HREF}">hier</a> -->',
        f'<style>a:before {{content: "<a href={HREF}>hier</a>"}}</style>',
        f'<a href="{HREF}"></a>hier',
        '<a href="mailto:hilfe@epa.example">hier</a>',
        '<a name="oben">hier</a>',
    ],
)
def test_a_link_of_which_nothing_shows_cannot_be_clicked_without_images(html: str) -> None:
    assert without_images(html).links == ()


@pytest.mark.parametrize(
    ("html", "links"),
    [
        (f'<a href="{HREF}"><img src="x.png"></a>', (LINK,)),
        (f'<a href="{HREF}"><img src="x.png" alt=""></a>', (LINK,)),
        (f'<a href="{HREF}"><img></a>', ()),
        (f'<a href="{HREF}"><img src="x.png" width="1" height="1"></a>', ()),
        (f'<a href="{HREF}"></a><img src="x.png">', ()),
    ],
)
def test_with_images_an_image_is_enough_to_click_on(html: str, links: tuple[str, ...]) -> None:
    assert with_images(html).links == links


def test_the_alternative_stands_in_the_place_of_the_image() -> None:
    html = (
        '<p><img src="l.png" alt="Muster&amp;Kasse"></p><p>Guten <b>T</b>ag,<br>bitte <img src="b.png" alt="hier">.</p>'
    )
    assert without_images(html) == Page("Muster&Kasse\nGuten Tag,\nbitte hier.", (), ("Muster&Kasse", "hier"))
    assert with_images(html) == Page("Guten Tag,\nbitte .", (), ())


def test_an_address_among_the_words_is_a_link_too_and_each_is_named_once() -> None:
    html = f"<p>Oder: {HREF}, <a href='{HREF}'>hier</a></p>"
    assert without_images(html).links == (LINK,)
    assert page_of_text(f"Oder: {LINK}. Nochmals: {LINK}").links == (LINK,)


def test_an_image_that_the_mail_does_not_bring_is_not_loaded() -> None:
    html = f'<a href="{LINK}"><img src="cid:not-there@x"></a>'
    assert Content(b"Content-Type: text/html\r\n\r\n" + html.encode()).page().links == ()


def test_an_image_within_the_html_counts_as_one_within_the_mail() -> None:
    content = Content(f'Content-Type: text/html\r\n\r\n<a href="{LINK}"><img src="data:,"></a>'.encode())
    assert [bool(content.page(which).links) for which in ("none", "remote", "all")] == [True, True, False]


PIECES = ["<", ">", "<a href=", LINK, '"', "'", "<img ", "alt=", " src=x", "<!--", "-->", "</a>", "<![CDATA[",
          "<style>",
          "</style>", "<div hidden>", "</div>", "words", "&amp", "&#x110000;", "\0", "/", "=", " "]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=20).map("".join) | st.text(max_size=60))
def test_no_html_is_too_broken_to_be_read(html: str) -> None:
    page = without_images(html)
    assert all(link.lower().startswith(("http://", "https://")) for link in page.links)
    assert all(alternative in page.words for alternative in page.alternatives)
