import re
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.core import numbers
from emulators.core.numbers import PHONE_NUMBERS, is_fictional


# A123456780 is the example of the specification, X110411675 gematik's fallback test person; the other two are published
# numbers (an old test card, an API example) that do not keep the rule.
@pytest.mark.parametrize(
    ("kvnr", "valid"), [("A123456780", True), ("X110411675", True), ("X114428530", False), ("Z123456789", False)]
)
def test_published_health_insurance_numbers_are_judged_rightly(kvnr: str, valid: bool) -> None:
    assert numbers.is_kvnr(kvnr) is valid


@pytest.mark.parametrize(
    "text", ["", "a123456780", "A12345678", "A1234567800", "AA23456780", "A123456780\n", "Ä123456780"]
)
def test_another_shape_is_no_health_insurance_number(text: str) -> None:
    assert not numbers.is_kvnr(text)


@given(st.from_regex("[A-Z][0-9]{8}", fullmatch=True), st.integers(0, 9))
def test_exactly_one_check_digit_fits_a_kvnr(stem: str, digit: int) -> None:
    assert numbers.is_kvnr(f"{stem}{digit}") is (str(digit) == numbers.kvnr_check_digit(stem))


@given(st.from_regex("[A-Z][0-9]{9}", fullmatch=True), st.integers(1, 8), st.integers(1, 9))
def test_a_single_mistyped_digit_of_a_kvnr_is_noticed(text: str, place: int, shift: int) -> None:
    right = text[:9] + numbers.kvnr_check_digit(text[:9])
    wrong = f"{right[:place]}{(int(right[place]) + shift) % 10}{right[place + 1 :]}"
    assert not numbers.is_kvnr(wrong)


# The first is named as an insurer's in several public code bases, the second is gematik's test insurer.
@pytest.mark.parametrize("ik", ["104940005", "109500969"])
def test_published_institution_codes_are_valid(ik: str) -> None:
    assert numbers.is_ik(ik)
    assert not numbers.is_ik(f"{ik[:8]}{(int(ik[8]) + 1) % 10}")


@given(st.text())
def test_no_text_breaks_the_checks(text: str) -> None:
    for check in (numbers.is_kvnr, numbers.is_ik, numbers.is_iccsn, is_fictional):
        assert check(text) in (True, False)


@pytest.mark.parametrize("make", [numbers.kvnr_check_digit, numbers.ik_check_digit])
def test_a_stem_of_another_shape_is_refused(make: object) -> None:
    assert callable(make)
    with pytest.raises(ValueError, match="begins with"):
        make("12")


def test_a_card_number_says_health_germany_test_issuer_and_serial() -> None:
    assert numbers.make_iccsn(42) == "80276883110000000042"
    assert numbers.is_iccsn(numbers.make_iccsn(10**10 - 1))


@pytest.mark.parametrize(("serial", "issuer"), [(-1, "88311"), (10**10, "88311"), (1, "8831"), (1, "8831x")])
def test_a_card_number_that_does_not_fit_is_refused(serial: int, issuer: str) -> None:
    with pytest.raises(ValueError, match="ICCSN"):
        numbers.make_iccsn(serial, issuer)


@given(st.randoms(use_true_random=False))
def test_numbers_made_are_valid(random: Random) -> None:
    assert numbers.is_kvnr(numbers.make_kvnr(random))
    assert re.fullmatch("[0-9]{6}", numbers.make_pin(random))
    assert re.fullmatch("[0-9]{8}", numbers.make_pin(random, 8))
    assert re.fullmatch("[0-9]{8}", numbers.make_puk(random))
    assert re.fullmatch("[0-9]{6}", numbers.make_can(random))


@pytest.mark.parametrize("length", [5, 9])
def test_a_pin_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="6 to 8"):
        numbers.make_pin(Random(1), length)


def test_fiction_has_210_mobile_and_5000_landline_numbers() -> None:
    assert len(set(PHONE_NUMBERS.mobiles)) == 210
    assert sum(map(len, PHONE_NUMBERS.landlines)) == 5000
    assert all(map(is_fictional, PHONE_NUMBERS.mobiles))


# Mitteilung 148/2021, Amtsblatt der Bundesnetzagentur 7/2021.
@pytest.mark.parametrize(
    "number", ["+4915228817386", "+491713920000", "+491713920099", "+4917604069042", "+493023125000", "+498999998999"]
)
def test_a_drama_number_is_fictional(number: str) -> None:
    assert is_fictional(number)


@pytest.mark.parametrize(
    "number",
    ["+491713920100", "+49171392000", "+4917139200000", "01713920000", "+49 171 3920000", "+491713920٠٠", "110"],
)
def test_a_number_beside_the_ranges_or_not_in_e164_is_not(number: str) -> None:
    assert not is_fictional(number)
