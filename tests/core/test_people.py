import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.core.numbers import is_fictional, is_iccsn, is_ik, is_kvnr
from emulators.core.people import PERSONAS, Documents, Kind, NameStyle, People, Persona, UnknownPersona, load_personas
from emulators.core.people_names import declined
from emulators.core.people_places import PLACES
from emulators.core.person import Person
from emulators.core.workdays import LAENDER

TODAY = date(2021, 3, 23)
SEEDS = st.integers(0, 2**64)


@pytest.fixture
def people() -> People:
    return People(4711, TODAY)


def everyone(people: People) -> list[Person]:
    persons = [people.named(name) for name in PERSONAS]
    return persons + [person.guardian for person in persons if person.guardian]


@given(SEEDS)
def test_the_same_seed_and_persona_give_the_same_person_in_any_order(seed: int) -> None:
    one, other = People(seed, TODAY), People(seed, TODAY)
    forwards = {name: one.named(name) for name in PERSONAS}
    backwards = {name: other.named(name) for name in reversed(list(PERSONAS))}
    assert forwards == backwards


def test_another_seed_or_role_gives_another_person(people: People) -> None:
    assert people.adult() != People(4712, TODAY).adult()
    assert people.adult() != people.adult(role="neighbour")
    assert people.adult() is people.named("adult")


@given(SEEDS)
def test_nobody_shares_a_number_or_an_address_of_their_own(seed: int) -> None:
    people = People(seed, TODAY)
    persons = everyone(people) + [people.adult(role=f"neighbour {n}") for n in range(20)]
    for of_their_own in ("kvnr", "mobile", "email", "user_name", "password"):
        assert len({getattr(person, of_their_own) for person in persons}) == len(persons)
    assert len({person.card.iccsn for person in persons}) == len(persons)


@given(SEEDS)
def test_everyone_has_numbers_that_are_valid_and_belong_to_nobody(seed: int) -> None:
    for person in everyone(People(seed, TODAY)):
        assert is_kvnr(person.kvnr)
        assert is_ik(person.ik)
        assert is_iccsn(person.card.iccsn)
        assert is_fictional(person.mobile)
        assert re.fullmatch(r"[a-z0-9.-]+@post\.example", person.email)
        assert (len(person.card.pin), len(person.card.puk)) == (6, 8)
        assert (person.address.postcode, person.address.city, person.address.land) in PLACES


@given(SEEDS)
def test_every_password_keeps_the_policy(seed: int) -> None:
    password = People(seed, TODAY).adult().password
    assert len(password) >= 8
    assert all(re.search(kind, password) for kind in ("[a-z]", "[A-Z]", "[0-9]", "[^A-Za-z0-9]"))


@given(SEEDS)
def test_kinds_have_their_ages(seed: int) -> None:
    people = People(seed, TODAY)
    assert people.adult().age_on(TODAY) >= 18
    assert 15 <= people.teen().age_on(TODAY) <= 17
    assert people.child().age_on(TODAY) < 15


@given(SEEDS)
def test_only_a_child_has_a_guardian_and_lives_with_them(seed: int) -> None:
    people = People(seed, TODAY)
    child = people.child()
    assert people.adult().guardian is None
    assert people.teen().guardian is None
    assert child.guardian is not None
    assert child.guardian.address == child.address
    assert child.guardian.age_on(TODAY) - child.age_on(TODAY) >= 18


def test_child_and_guardian_sometimes_differ_in_family_name() -> None:
    families = [People(seed, TODAY).child(name="plain") for seed in range(60)]
    same = sum(child.guardian is not None and child.guardian.family_name == child.family_name for child in families)
    assert 20 < same < 55


@pytest.mark.parametrize(
    ("persona", "age", "birthday"),
    [
        ("turns_15_today", 15, TODAY),
        ("turned_15_yesterday", 15, TODAY - timedelta(days=1)),
        ("turns_15_tomorrow", 14, TODAY + timedelta(days=1)),
    ],
)
def test_the_edge_of_15_is_met_to_the_day(people: People, persona: str, age: int, birthday: date) -> None:
    person = people.named(persona)
    assert person.age_on(TODAY) == age
    assert person.birth_date == birthday.replace(year=2006)
    assert (person.guardian is not None) is (age < 15)


@given(SEEDS, st.integers(1, 100), st.integers(-300, 300))
def test_who_is_born_to_order_completes_the_years_on_that_day(seed: int, age: int, days: int) -> None:
    person = People(seed, TODAY).born(age, days)
    day = TODAY + timedelta(days=days)
    assert (person.age_on(day - timedelta(days=1)), person.age_on(day)) == (age - 1, age)


def test_nobody_completes_15_years_on_the_29th_of_february() -> None:
    with pytest.raises(ValueError, match="nobody completes 15 years on 2024-02-29"):
        People(1, date(2024, 2, 29)).born(15)


@pytest.mark.parametrize("years", [-1, 121])
def test_nobody_is_of_an_impossible_age(people: People, years: int) -> None:
    with pytest.raises(ValueError, match=f"nobody is {years} years old"):
        people.born(years)


STYLES: dict[NameStyle, Callable[[Person], object]] = {
    NameStyle.PLAIN: lambda p: p.full_name.isascii(),
    NameStyle.UMLAUT: lambda p: re.search("[äöüÄÖÜ]", p.family_name),
    NameStyle.SHARP_S: lambda p: "ß" in p.family_name,
    NameStyle.NOBLE: lambda p: re.search(r"\b(von|van den|zu)\b", p.family_name),
    NameStyle.DOUBLE_NAME: lambda p: "-" in p.family_name,
    NameStyle.DOCTOR_TITLE: lambda p: "Dr." in p.title,
    NameStyle.DIACRITICS: lambda p: not p.family_name.isascii() or not p.given_names.isascii(),
    NameStyle.BIRTH_NAME: lambda p: p.birth_name not in ("", p.family_name),
}


@pytest.mark.parametrize("style", NameStyle)
def test_each_style_of_name_can_be_asked_for(style: NameStyle) -> None:
    assert all(STYLES[style](People(seed, TODAY).adult(name=style)) for seed in range(40))


@pytest.mark.parametrize("style", [style for style in NameStyle if style is not NameStyle.PLAIN])
def test_each_style_of_name_comes_up_by_itself(style: NameStyle) -> None:
    assert any(STYLES[style](People(seed, TODAY).adult()) for seed in range(200))


def test_an_unknown_style_of_name_is_refused(people: People) -> None:
    with pytest.raises(ValueError, match="'royal'"):
        people.adult(name="royal")


def test_a_noble_title_follows_the_sex_of_its_bearer() -> None:
    assert declined("Graf von Heß", "W") == "Gräfin von Heß"
    assert declined("Freifrau zu Berg", "M") == "Freiherr zu Berg"
    assert declined("Graf", "M") == "Graf"


@given(SEEDS)
def test_documents_bear_the_name_and_are_valid_for_years(seed: int) -> None:
    for person in everyone(People(seed, TODAY)):
        assert len({document.kind for document in person.documents}) == 2
        for document in person.documents:
            assert (document.given_names, document.family_name) == (person.given_names, person.family_name)
            assert document.birth_date == person.birth_date
            if person != People(seed, TODAY).named("expired_document"):
                assert document.is_valid_on(TODAY.replace(year=TODAY.year + 2))


@pytest.mark.parametrize(
    ("state", "valid"),
    [(Documents.VALID, (True, True)), (Documents.EXPIRES_TODAY, (True, False)), (Documents.EXPIRED, (False, False))],
)
def test_the_validity_of_documents_can_be_set_to_the_day(state: Documents, valid: tuple[bool, bool]) -> None:
    child = People(1, TODAY, {"x": Persona(kind=Kind.CHILD, document=state)}).named("x")
    assert child.guardian is not None
    for document in (*child.documents, *child.guardian.documents):
        assert (document.is_valid_on(TODAY), document.is_valid_on(TODAY + timedelta(days=1))) == valid


@pytest.mark.parametrize("state", [Documents.VALID, Documents.DAMAGED])
@pytest.mark.parametrize("days", [-1, 0, 3])
def test_the_last_day_of_documents_can_be_any(days: int, state: Documents) -> None:
    persona = Persona(kind=Kind.CHILD, document=state, document_ends=days)
    child = People(1, TODAY, {"x": persona}).named("x")
    assert child.guardian is not None
    for document in (*child.documents, *child.guardian.documents):
        assert document.valid_until == TODAY + timedelta(days=days)
        assert document.damaged == (state is Documents.DAMAGED)


@pytest.mark.parametrize("state", [Documents.EXPIRED, Documents.EXPIRES_TODAY])
def test_the_last_day_of_documents_is_not_said_twice(state: Documents) -> None:
    with pytest.raises(ValueError, match="document_ends"):
        Persona(document=state, document_ends=3)


def test_a_card_without_nfc_has_no_can(people: People) -> None:
    assert people.named("card_without_nfc").card.can == ""
    assert not people.named("card_without_nfc").card.nfc
    assert re.fullmatch("[0-9]{6}", people.adult().card.can)


@pytest.mark.parametrize("land", LAENDER)
def test_somebody_lives_in_every_land(land: str) -> None:
    assert People(1, TODAY, {"x": Persona(land=land)}).named("x").address.land == land


def test_an_unknown_persona_is_refused_with_the_nearest(people: People) -> None:
    with pytest.raises(UnknownPersona, match=r"no persona 'nobel'; known: adult, .*; did you mean 'noble'"):
        people.named("nobel")


def test_more_personas_leave_the_others_as_they_were(people: People) -> None:
    more = People(people.seed, TODAY, {**PERSONAS, "pensioner": Persona(age=80)})
    assert [more.named(name) for name in PERSONAS] == [people.named(name) for name in PERSONAS]
    assert more.named("pensioner").age_on(TODAY) == 80


def test_a_world_runs_out_of_mobile_numbers_with_a_clear_word(people: People) -> None:
    neighbours = {people.adult(role=f"neighbour {n}").mobile for n in range(50)}
    assert len(neighbours) == 50
    with pytest.raises(LookupError, match="no mobile number for fiction is left"):
        people.adult(role="one too many")


def test_a_variant_is_made_by_replacing_a_part(people: People) -> None:
    person = people.adult()
    assert replace(person, mobile="").kvnr == person.kvnr


def test_personas_are_read_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "personas.yaml"
    file.write_text("grandma: {age: 88, name: umlaut, nfc: false}\nanyone:\n", encoding="utf-8")
    assert load_personas(file) == {
        "grandma": Persona(age=88, name=NameStyle.UMLAUT, nfc=False),
        "anyone": Persona(),
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("grandma: {age: old}", "persona 'grandma': age: Input should be a valid integer"),
        ("grandma: {shoe_size: 38}", "persona 'grandma': shoe_size: Extra inputs are not permitted"),
        ("grandma: 88", "persona 'grandma': Input should be"),
        ("boy: {age: 12}", "persona 'boy': the kind 'adult' is 18 to 120 years old, not 12"),
        ("boy: {kind: child, age: 15}", "the kind 'child' is 0 to 14 years old, not 15"),
        ("boy: {kind: child, name: doctor_title}", "the name style 'doctor_title' is for adults"),
        ("boy: {kind: child, birthday: 1}", "a birthday needs the age"),
        ("boy: {land: XX}", "no Land 'XX'; known: BW, BY"),
        ("no: {}", "persona False: a name must be text"),
        ("[a, b]", "must map names of personas to their fields, not be a list"),
        ("a: [", "not YAML"),
    ],
)
def test_a_mistake_in_the_file_is_named_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "personas.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=f"personas.yaml: .*{re.escape(said)}"):
        load_personas(file)
