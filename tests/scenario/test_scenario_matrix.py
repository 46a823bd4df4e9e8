"""Lists make rows; families of paths are run in full or by a cover that misses nothing."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.scenario.constraints import CONSTRAINTS, Choices
from harness.scenario.cover import cover
from harness.scenario.matrix import Family
from harness.scenario.matrix import allowed as allowed_rows

HEAD = "id: x\ntitle: y\nrequirements: [PST-06]\n"
STEPS = "steps:\n  - register: {}\n"
WITH_APP = f"""{HEAD}
choices:
  person: [adult, teen, child]
  account: [create, update]
  identity: [nect, branch]
  document: [identity_card, passport]
  recovery_key: [memory_card, other_device]
  device_class: [android_phone_nfc, android_phone_no_nfc, android_tablet, iphone_nfc, iphone_7, iphone_no_nfc, ipad]
  tan: [auto, manual]
  unlock: [none, fingerprint, face]
  login: [account, card]
  card: [nfc, no_nfc]
only_if: [tan-auto-needs-sms-device, face-needs-face-hardware, card-login-needs-nfc]
path: onboard
"""
WITHOUT_APP = f"""{HEAD}
cover: all
choices:
  person: [adult, teen, child]
  document: [identity_card, passport]
  card: [nfc, no_nfc]
path: without_app
"""
Read = Callable[[str], Family]


def names(family: Family) -> list[str]:
    return [draft.name for draft in family.drafts()]


def test_there_are_3648_paths_with_the_app_and_12_without(read: Read) -> None:
    """Counted independently: reference identity.md, section 6.1."""
    assert len(read(WITH_APP).drafts("all")) == 3648
    assert len(read(WITHOUT_APP).drafts()) == 12


def test_pairwise_takes_23_rows_and_three_wise_73(read: Read) -> None:
    """As many as the reference's own computation needs."""
    family = read(WITH_APP)
    assert len(family.drafts()) == len(family.drafts("pairwise")) == 23
    assert len(family.drafts("three-wise")) == 73


@pytest.mark.parametrize(("wanted", "strength", "count"), [("pairwise", 2, 307), ("three-wise", 3, 1975)])
def test_a_cover_misses_no_combination_that_the_constraints_allow(
    read: Read, wanted: str, strength: int, count: int
) -> None:
    family = read(WITH_APP)
    rows = allowed_rows(family.choices, family.constraints)
    chosen = [rows[index] for index in cover(rows, strength)]

    def seen(some: list[Choices]) -> set[tuple[tuple[str, str], ...]]:
        return {combination for row in some for combination in combinations(row.items(), strength)}

    assert len(seen(rows)) == count
    assert seen(chosen) == seen(rows), wanted


@given(st.lists(st.integers(1, 4), min_size=1, max_size=5), st.integers(2, 3))
def test_any_cover_holds_every_combination_once_at_least(sizes: list[int], strength: int) -> None:
    choices = {f"c{index}": tuple(f"v{value}" for value in range(size)) for index, size in enumerate(sizes)}
    rows = allowed_rows(choices, ())
    chosen = [rows[index] for index in cover(rows, strength)]
    wanted = {c for row in rows for c in combinations(row.items(), strength)}
    assert {c for row in chosen for c in combinations(row.items(), strength)} == wanted
    assert chosen


def test_the_same_file_gives_the_same_rows_in_the_same_order(read: Read) -> None:
    assert names(read(WITH_APP)) == names(read(WITH_APP))


def test_a_row_of_a_cover_has_the_same_name_among_all(read: Read) -> None:
    family = read(WITH_APP)
    everything = {draft.name: draft.choices for draft in family.drafts("all")}
    assert all(everything[draft.name] == draft.choices for draft in family.drafts("pairwise"))


def test_a_row_without_lists_is_named_after_its_device(read: Read) -> None:
    assert names(read(HEAD + STEPS)) == ["pixel-6"]
    assert names(read(HEAD + "person: teen\ndevice: iphone-12\n" + STEPS)) == ["iphone-12"]


def test_lists_of_people_and_devices_are_a_full_product_named_in_file_order(read: Read) -> None:
    lists = "device: [pixel-6, iphone-12]\nperson: [adult, teen]\n"
    family = read(HEAD + lists + STEPS)
    assert names(family) == ["pixel-6-adult", "pixel-6-teen", "iphone-12-adult", "iphone-12-teen"]
    assert len(family.drafts("pairwise")) == 4


def test_choices_with_one_value_are_not_in_the_name(read: Read) -> None:
    family = read(HEAD + "choices: {login: [account], document: [identity_card, passport]}\npath: onboard\n")
    assert names(family) == ["identity_card", "passport"]


def test_rows_whose_values_join_to_the_same_name_get_numbers(read: Read) -> None:
    """`a` with `b-c` and `a-b` with `c`: no real device does this, a vendor's persona can."""
    family = Family(read(HEAD + STEPS).scenario, (), {"person": ("a", "a-b"), "device": ("c", "b-c")})
    assert names(family) == ["a-c", "a-b-c", "a-b-c~2", "a-b-b-c"]


def test_the_class_of_devices_stands_for_the_device(read: Read) -> None:
    row = read(HEAD + "choices: {device_class: [ipad]}\npath: onboard\n").drafts()[0].row()
    assert (row.device, row.persona, row.name) == ("ipad", "adult", "ipad")


def test_every_constraint_names_a_requirement_and_says_why_in_both_languages() -> None:
    for name, constraint in CONSTRAINTS.items():
        assert (name, bool(constraint.text), bool(constraint.text_de)) == (constraint.name, True, True)
