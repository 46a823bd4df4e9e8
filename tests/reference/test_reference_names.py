"""Names on documents against the register. Variants: reference, fault `data.name_mismatch`."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.core.people import People
from harness.reference.insurer.names import is_same_person, same_family_name, same_given_names
from harness.reference.insurer.register import is_kvnr

TODAY = date(2021, 3, 23)


@pytest.mark.parametrize(
    ("read", "registered"),
    [
        ("Mueller", "Müller"),
        ("MUELLER", "Müller"),
        ("Muller", "Müller"),
        ("GROSS", "Groß"),
        ("Dr. Weber", "Weber"),
        ("Meier Schulz", "Meier-Schulz"),
        ("Heide", "von der Heide"),
        ("Gräfin von Heß", "Heß"),
        ("Kovacevic", "Kovačević"),
        ("Dordevic", "Đorđević"),
        ("SCHMETTERLINGHAUS<WOLK", "Schmetterlinghaus-Wolkenstein"),
    ],
)
def test_the_same_family_name_passes_however_it_is_written(read: str, registered: str) -> None:
    assert same_family_name(read, registered)


@pytest.mark.parametrize(
    ("read", "registered"),
    [("Möller", "Müller"), ("Meier", "Meier-Schulz"), ("Schmidt", "Schmid"), ("", "Müller"), ("von", "von Heide")],
)
def test_another_family_name_fails(read: str, registered: str) -> None:
    assert not same_family_name(read, registered)


@pytest.mark.parametrize(
    ("read", "registered", "same"),
    [
        ("Maria Anna", "Anna Maria", True),
        ("Jürgen", "Juergen", True),
        ("MAXIMILIAN FERD", "Maximilian Ferdinand", True),
        ("Anna", "Anna Maria", False),
        ("Anna Anna", "Anna Maria", False),
        ("Bert", "Anna", False),
    ],
)
def test_given_names_may_stand_in_any_order_but_not_be_others(read: str, registered: str, same: bool) -> None:
    assert same_given_names(read, registered) is same


def test_a_document_from_before_the_marriage_passes_and_another_birth_date_does_not() -> None:
    person = replace(People(3, TODAY).adult(), family_name="Neumann", birth_name="Altmann")
    assert is_same_person(person, person.given_names, "Altmann", person.birth_date)
    assert not is_same_person(person, person.given_names, "Neumann", person.birth_date + timedelta(days=1))
    assert not is_same_person(person, person.given_names, "Neumann", None)


@given(st.text(), st.text())
def test_any_text_gives_an_answer(one: str, other: str) -> None:
    assert same_family_name(one, other) in (True, False)
    assert same_given_names(one, other) in (True, False)


@pytest.mark.parametrize("kvnr", ["A123456780", "X110411675", "X110540756", "C000500021"])
def test_published_insurance_numbers_are_valid(kvnr: str) -> None:
    assert is_kvnr(kvnr)


@pytest.mark.parametrize(
    "kvnr", ["X114428530", "Z123456789", "a123456780", "A12345678", "A1234567800", "", "Ä123456780"]
)
def test_a_wrong_form_or_check_digit_is_found(kvnr: str) -> None:
    assert not is_kvnr(kvnr)
