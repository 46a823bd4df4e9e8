from datetime import date, datetime, time

import pytest

from emulators.core.clock import BERLIN
from emulators.core.workdays import Workdays


def test_the_working_day_after_maundy_thursday_2021_is_the_tuesday_after_easter() -> None:
    assert Workdays().add(date(2021, 4, 1), 1) == date(2021, 4, 6)


def test_with_saturday_as_a_working_day_holy_saturday_is_one() -> None:
    assert Workdays(saturday=True).add(date(2021, 4, 1), 1) == date(2021, 4, 3)


@pytest.mark.parametrize(("land", "works"), [("BY", False), ("NW", False), ("BE", True), (None, True)])
def test_corpus_christi_is_a_holiday_in_some_laender_only(land: str | None, works: bool) -> None:
    assert Workdays(land).is_workday(date(2021, 6, 3)) is works


def test_no_working_days_from_a_holiday_is_the_next_working_day() -> None:
    assert Workdays().add(date(2021, 4, 2), 0) == date(2021, 4, 6)
    assert Workdays().add(date(2021, 4, 1), 0) == date(2021, 4, 1)


def test_new_year_is_crossed() -> None:
    assert Workdays().add(date(2020, 12, 30), 2) == date(2021, 1, 4)


def test_the_hour_stays_across_the_change_to_summer_time() -> None:
    friday = datetime(2021, 3, 26, 16, 30, tzinfo=BERLIN)
    assert Workdays().add_to(friday, 1).isoformat() == "2021-03-29T16:30:00+02:00"


def test_the_hour_can_be_set_to_midnight_too() -> None:
    friday = datetime(2021, 3, 26, 16, 30, tzinfo=BERLIN)
    assert Workdays().add_to(friday, 1, at=time(0)).isoformat() == "2021-03-29T00:00:00+02:00"


def test_an_unknown_land_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="no Land 'XX'; known: BW, BY"):
        Workdays("XX")


def test_working_days_are_not_counted_backwards() -> None:
    with pytest.raises(ValueError, match="forwards"):
        Workdays().add(date(2021, 4, 1), -1)
