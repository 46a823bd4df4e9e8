"""Which country a letter goes to: what the data say and what the window says."""

from __future__ import annotations

import pytest

from emulators.post.office import PostOffice
from tests.post.sender import ANNE, HOME, Epost, at, epost_letter, letter

ROUTE = ("Anne Große", "Route X 1")
ABROAD = {"addressLine1": ROUTE[0], "addressLine2": ROUTE[1], "zipCode": "75001"}


def codes(epost: Epost, number: int) -> set[str]:
    """What was found, but for what is the matter with every letter of these tests."""
    epost.office.physics.advance_to(at(23, 10))
    return {error["code"] for error in epost.status(number)["errorList"]} - {"W101", "W301"}


@pytest.mark.parametrize("country", ["DEUTSCHLAND", "Deutschland", "de", "DEU", "Germany", " ", "", None])
def test_a_letter_to_germany_is_none_to_abroad(epost: Epost, office: PostOffice, country: str | None) -> None:
    number = epost.send(country=country, registeredLetter="Einschreiben")
    office.physics.advance_to(at(26, 23))
    shown = epost.status(number)
    assert (shown["country"], [e["code"] for e in shown["errorList"] if e["code"] != "W301"]) == (None, ["W101"])
    assert shown["registeredLetterStatus"] == "DELIVERED"


@pytest.mark.parametrize("country", ["ÖSTERREICH", "Denmark", "DE-AT"])
def test_a_letter_to_any_other_country_goes_abroad(epost: Epost, office: PostOffice, country: str) -> None:
    number = epost.send(country=country)
    office.physics.advance_to(at(23, 10))
    assert "W203" in [e["code"] for e in epost.status(number)["errorList"]]
    status, answer = epost.ask("POST", "/api/Letter", [epost_letter(country=country, registeredLetter="Einschreiben")])
    assert (status, answer["code"]) == (400, "E311")


def test_a_country_in_the_window_that_is_germany_changes_nothing(epost: Epost, office: PostOffice) -> None:
    number = epost.send(pdf=letter((*ANNE, "DEUTSCHLAND")), country="DEUTSCHLAND")
    office.physics.advance_to(at(26, 23))
    assert "W203" not in [e["code"] for e in epost.status(number)["errorList"]]
    assert len(office.letters_at(HOME)) == 1


@pytest.mark.parametrize(
    ("town", "country", "shown"),
    [
        ("Paris", "FRANKREICH", ("75001 Paris", "FRANKREICH")),
        ("Paris", "Frankreich", ("75001 Paris", "FRANKREICH")),
        ("Paris", " frankreich ", ("75001 PARIS", "FRANKREICH")),
        ("Wien", "Österreich", ("75001 WIEN", "ÖSTERREICH")),
        ("Bath", "Großbritannien", ("75001 BATH", "GROSSBRITANNIEN")),
        ("Abidjan", "Côte d'Ivoire", ("75001 ABIDJAN", "CÔTE D'IVOIRE")),
    ],
)
def test_capitals_are_a_rule_for_paper_and_not_for_data(
    epost: Epost, town: str, country: str, shown: tuple[str, str]
) -> None:
    assert codes(epost, epost.send(pdf=letter((*ROUTE, *shown)), **ABROAD, city=town, country=country)) == set()


@pytest.mark.parametrize("changes", [{"country": "Belgien"}, {"city": "Lyon"}, {"addressLine1": "ANNE GROSSE"}])
def test_another_address_abroad_is_still_another(epost: Epost, changes: dict[str, str]) -> None:
    pdf = letter((*ROUTE, "75001 PARIS", "FRANKREICH"))
    data = {**ABROAD, "city": "Paris", "country": "Frankreich", **changes}
    assert codes(epost, epost.send(pdf=pdf, **data)) == {"W203"}


def test_capitals_do_make_a_difference_to_a_town_in_germany(epost: Epost) -> None:
    assert codes(epost, epost.send(pdf=letter((*ANNE[:2], ANNE[2].upper())))) == {"W203"}


def test_a_cover_sheet_has_the_town_and_the_country_in_capitals(epost: Epost, office: PostOffice) -> None:
    number = epost.send(**ABROAD, city="Paris", country="Großbritannien", coverLetter=True, senderAdressLine1="Kasse")
    assert codes(epost, number) == set()
    taken = office.letter(number)
    assert taken is not None
    assert taken.recipient == (*ROUTE, "75001 PARIS", "GROSSBRITANNIEN")
