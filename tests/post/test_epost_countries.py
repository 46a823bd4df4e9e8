"""Which country a letter goes to: what the data say and what the window says."""

from __future__ import annotations

import pytest

from emulators.post.office import PostOffice
from tests.post.sender import ANNE, HOME, Epost, at, epost_letter, letter


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
