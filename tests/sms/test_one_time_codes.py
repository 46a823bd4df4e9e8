"""Codes as a person reads them and as phones take them over."""

from base64 import b64encode
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulators.sms.one_time_code import app_hash, codes_in, domain_bound, ios_autofill, retriever, user_consent

HASH = "FA+9qCX9VSu"


@pytest.mark.parametrize(
    ("body", "codes"),
    [
        ("Ihre TAN lautet 123456. Sie gilt 10 Minuten.", ("123456",)),
        ("Musterkasse: 042137 ist Ihr Code.", ("042137",)),
        ("Ihr Code: 123 456", ("123456",)),
        ("Ihr Code: 123-456", ("123456",)),
        ("Ihr Code: 0123 4567", ("01234567",)),
        ("Ihr Code: 12 34 56.", ("123456",)),
        ("Freischaltcode A7K9-22QX", ("A7K9", "22QX")),
        ("TAN K7M2QX9B eingeben", ("K7M2QX9B",)),
        ("Vorgang 998877 vom 23.03.2021, 14:30 Uhr: Ihre TAN ist 123456", ("123456", "998877")),
        ("Ihre TAN: 4711. Fragen? +49 30 23125000 oder 030 23125000", ("4711",)),
        ("Code 123456, siehe https://app.example/2021/998877", ("123456",)),
        ("Betrag 1234,56 EUR, TAN 654321", ("654321",)),
        ("Ihre TAN lautet 123.", ()),
        ("Guten Tag, Ihr Antrag ist da.", ()),
        ("Übung2021ü", ()),
        ("", ()),
    ],
)
def test_a_code_is_read_as_a_person_would(body: str, codes: tuple[str, ...]) -> None:
    assert codes_in(body) == codes


@given(st.text())
@settings(deadline=None)
def test_reading_any_text_gives_only_codes_with_a_digit(body: str) -> None:
    assert all(4 <= len(code) <= 10 and any(map(str.isdigit, code)) for code in codes_in(body))


@given(st.from_regex(r"[0-9]{6}", fullmatch=True).filter(str.isascii))
@settings(deadline=None)
def test_a_six_digit_tan_is_always_found_with_its_leading_zeros(tan: str) -> None:
    assert user_consent(f"Ihre TAN lautet {tan}. Sie gilt 10 Minuten. Musterkasse") == tan


def test_retriever_wants_the_hash_of_its_own_app_at_the_end() -> None:
    body = f"Ihre TAN lautet 123456\n{HASH}"
    assert retriever(HASH)(body) == "123456"
    assert retriever("AAAAAAAAAAA")(body) is None
    assert retriever(HASH)(f"{HASH} Ihre TAN lautet 123456") is None


def test_retriever_does_not_read_more_than_140_bytes() -> None:
    text = f"Ihre TAN lautet 123456 {'x' * (140 - 23 - 12)}\n{HASH}"
    assert len(text.encode()) == 140
    assert retriever(HASH)(text) == "123456"
    assert retriever(HASH)("ü" + text[1:]) is None


def test_app_hash_is_cut_from_sha256_of_package_and_certificate() -> None:
    digest = sha256(b"de.musterkasse.epa 30820255").digest()
    assert app_hash("de.musterkasse.epa", "30820255") == b64encode(digest).decode()[:11]


@pytest.mark.parametrize(
    ("body", "domain", "embedded", "code"),
    [
        ("Ihr Code ist 123456.\n\n@epa.example #123456", "epa.example", None, "123456"),
        ("@epa.example #123456", "EPA.example", None, "123456"),
        ("@epa.example #123456", "evil.example", None, None),
        ("@epa.example #123456", "login.epa.example", None, None),
        ("@top.example #123456 @in.example", "top.example", "in.example", "123456"),
        ("@top.example #123456 %in.example", "top.example", "in.example", "123456"),
        ("@top.example #123456 @in.example", "top.example", None, None),
        ("@epa.example #123456\nIhre Musterkasse", "epa.example", None, None),
        ("Code\n@epa.example #123456 bis morgen", "epa.example", None, "123456"),
        ("Code\r@epa.example #123456\r\n", "epa.example", None, "123456"),
        ("Ihr Code ist 123456", "epa.example", None, None),
        ("", "epa.example", None, None),
    ],
)
def test_a_bound_code_is_offered_to_its_domain_only(
    body: str, domain: str, embedded: str | None, code: str | None
) -> None:
    assert domain_bound(domain, embedded)(body) == code


def test_ios_offers_an_unbound_code_if_a_word_says_that_it_is_one() -> None:
    autofill = ios_autofill("epa.example")
    assert autofill("Ihr Code: 123456") == "123456"
    assert autofill("Vorgang 123456") is None
    for line in ("@evil.example #123456", "@evil.example #123456 extra", "\r@evil.example #123456"):
        assert autofill(f"Ihr Code: 123456\n{line}") is None
