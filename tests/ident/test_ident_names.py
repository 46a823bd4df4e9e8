"""Which names are the same person's. Variants: fault `data.name_mismatch` of the contract."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.ident.names import same_family_name, same_given_names


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Müller", "Mueller"),
        ("Müller", "MUELLER"),
        ("Müller", "Muller"),
        ("Groß", "GROSS"),
        ("Dr. Müller", "Müller"),
        ("Prof. Dr. med. Müller", "MUELLER"),
        ("Müller-Lüdenscheidt", "Mueller Luedenscheidt"),
        ("von der Heide", "Heide"),
        ("Graf von Hohenfels", "VON HOHENFELS"),
        ("van den Berg", "Berg"),
        ("Nuñez Õun", "NUNEZ OUN"),
        ("Łukasiewicz", "LUKASIEWICZ"),
        ("Leutheusser-Schnarrenberger", "LEUTHEUSSER SCHNARREN"),
        ("Mu\u0308ller", "Müller"),
    ],
)
def test_same_family_names_are_recognised(one: str, other: str) -> None:
    assert same_family_name(one, other)
    assert same_family_name(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Müller", "Möller"),
        ("Müller", "Miller"),
        ("Klein", "Kleinert"),
        ("von der Heide", "von der Tann"),
        ("Müller", ""),
    ],
)
def test_different_family_names_are_not(one: str, other: str) -> None:
    assert not same_family_name(one, other)
    assert not same_family_name(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Anna Maria", "Maria Anna"),
        ("Anna-Maria", "Anna Maria"),
        ("Anna Maria Luise", "Anna"),
        ("Maximilian Alexander", "MAXIMILIAN ALEX"),
        ("Zoë", "ZOE"),
        ("Jürgen", "JUERGEN"),
    ],
)
def test_same_given_names_are_recognised(one: str, other: str) -> None:
    assert same_given_names(one, other)
    assert same_given_names(other, one)


@pytest.mark.parametrize(
    ("one", "other"), [("Anna", "Hanna"), ("Anna Maria", "Anna Luise"), ("Jan", "Kai"), ("Anna", "")]
)
def test_different_given_names_are_not(one: str, other: str) -> None:
    assert not same_given_names(one, other)
    assert not same_given_names(other, one)


@given(one=st.text(max_size=30), other=st.text(max_size=30))
def test_any_text_can_be_compared_and_both_ways_agree(one: str, other: str) -> None:
    assert same_family_name(one, other) == same_family_name(other, one)
    assert same_given_names(one, other) == same_given_names(other, one)
