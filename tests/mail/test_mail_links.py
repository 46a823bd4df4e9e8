"""Which links a mail has: one reading for the journal, the scanner and the person."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.mail.content import Content
from emulators.mail.flowed import unflowed
from tests.mail.test_mail_reader import PIECES

LINK = "https://real.example/d"


def html(page: str) -> Content:
    return Content(b"Content-Type: text/html; charset=utf-8\r\n\r\n" + page.encode())


def text(*lines: str, parameters: str = "") -> Content:
    head = f"Content-Type: text/plain; charset=utf-8{parameters}\r\n\r\n"
    return Content((head + "\r\n".join(lines)).encode())


@pytest.mark.parametrize(
    "page",
    [
        f'<a title="a > b" href="{LINK}">hier</a>',
        f'<a data-href="https://data.example/d" href="{LINK}">hier</a>',
        f"<a title='href=\"https://title.example\"' href={LINK}>hier</a>",
        f'<a href="{LINK}" href="https://second.example">hier</a>',
        f'<!-- <a href="https://comment.example">dort</a> --><a href="{LINK}">hier</a>',
        f'<!--> <a href="{LINK}">hier</a> <!-- -->',
        f"<SCRIPT>document.write('<a href=\"https://script.example\">')</Script ><a href='{LINK}'>hier</a>",
        f"<script>if (a<b && c == \"</script><a href='{LINK}'>hier</a>",
        f'<style>a:before {{content: "<a href=https://style.example>"}}</style><a href="{LINK}">hier</a>',
        f'<title><a href="https://title.example">x</a></title><a href="{LINK}">hier</a>',
        f'<template><template></template><a href="https://t.example">x</a></template><a href="{LINK}">hier</a>',
        f'<abbr href="https://abbr.example">x</abbr><a href="{LINK}">hier</a>',
    ],
)
def test_the_links_of_html_are_those_that_a_browser_follows(page: str) -> None:
    assert (html(page).links, html(page).page().links) == ((LINK,), (LINK,))


def test_a_link_of_which_nothing_shows_is_in_the_mail_all_the_same() -> None:
    content = html(f'<div hidden><a href="{LINK}">hier</a></div>')
    assert (content.links, content.page().links) == ((LINK,), ())


@pytest.mark.parametrize("words", [f"<b>{LINK}</b>", f'<img alt="{LINK}">'])
def test_an_address_among_the_words_of_html_is_one_of_its_links(words: str) -> None:
    content = html(f"<p>Oder: {words}</p><!-- https://comment.example -->")
    assert content.links == content.page().links == (LINK,)


@given(st.lists(st.sampled_from(PIECES), max_size=20).map("".join) | st.text(max_size=60))
def test_what_a_person_sees_to_click_is_in_the_mail(page: str) -> None:
    content = html(page)
    assert set(content.page().links) <= set(content.links)


@pytest.mark.parametrize(
    ("written", "link"),
    [
        ("https://x.example/w_(y)", "https://x.example/w_(y)"),
        ("(https://x.example/w_(y))", "https://x.example/w_(y)"),
        ("(siehe https://x.example/w_(y)).", "https://x.example/w_(y)"),
        ("(https://x.example/w)", "https://x.example/w"),
        ("https://x.example/a[1]!", "https://x.example/a[1]"),
        ("[https://x.example/a]", "https://x.example/a"),
        ("https://x.example/" + ")" * 9, "https://x.example/"),
    ],
)
def test_a_bracket_belongs_to_a_link_if_it_was_opened_in_it(written: str, link: str) -> None:
    assert text(written).links == (link,)


def test_a_link_that_was_cut_by_flowed_lines_is_whole_again() -> None:
    lines = ("Bitte https://real.exam ", "ple/bestaetigen?a=1& ", "b=2 bald.")
    content = text(*lines, parameters="; format=flowed; delsp=yes")
    assert content.links == content.page().links == ("https://real.example/bestaetigen?a=1&b=2",)
    assert content.text == "Bitte https://real.example/bestaetigen?a=1&b=2 bald."


def test_lines_of_any_other_text_stay_apart() -> None:
    assert text("https://real.exam ", "ple/").links == ("https://real.exam",)
    assert text("https://real.exam ", "ple/", parameters="; format=flowed").links == ("https://real.exam",)


@pytest.mark.parametrize(
    ("written", "delsp", "read"),
    [
        ("eins \nzwei\ndrei", False, "eins zwei\ndrei"),
        ("eins  \nzwei", True, "eins zwei"),
        (" >kein Zitat\n From", False, ">kein Zitat\nFrom"),
        ("> eins \n> zwei\nAntwort", False, "> eins zwei\nAntwort"),
        (">> tief \n> flach", False, ">> tief \n> flach"),
        ("Gruß \n-- \nErika", False, "Gruß \n-- \nErika"),
        ("offen ", True, "offen"),
        ("eins\n\nzwei\n", False, "eins\n\nzwei\n"),
    ],
)
def test_flowed_lines_are_joined_as_the_format_says(written: str, delsp: bool, read: str) -> None:
    """Source: RFC 3676, 4.1 to 4.5."""
    assert unflowed(written, delsp=delsp) == read
