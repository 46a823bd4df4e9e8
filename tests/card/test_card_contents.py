"""What personalisation writes into the files, octet by octet where a format says so."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import replace

import pytest
from cryptography import x509

from emulators.card import CardPki, HealthCard, TransportState, tlv
from emulators.card.filesystem import TransparentFile
from emulators.card.object_data import CardProfile, card_profile
from emulators.core.person import Person
from tests.card.conftest import TODAY, public_key

Reader = Callable[[str], str]
MakeCard = Callable[..., HealthCard]
Insert = Callable[..., Reader]

HCA = "00A4040C06D27600000102"


def data(answer: str) -> bytes:
    assert answer.endswith("9000"), answer
    return bytes.fromhex(answer)[:-2]


def text(packed: bytes) -> str:
    return gzip.decompress(packed).decode("iso8859-15")


@pytest.mark.parametrize("system", ["egk-g2.0", "egk-g2.1", "egk-g2.1-contact"])
def test_ef_atr_fills_its_file_and_names_buffers_and_versions(make_card: MakeCard, insert: Insert, system: str) -> None:
    content = data(insert(make_card(system=system))("00B09D0000"))
    assert len(content) == 134
    assert content.hex().upper().startswith("E011" + "02020809" + "0203008000" + "02020809" + "02020809")
    version = bytes(map(int, make_card(system=system).chip.system.version.split(".")))
    (object_system,) = (value for tag, value in tlv.decode(content) if tag == 0xD4)
    assert len(object_system) == 16
    assert object_system.endswith(version)


# As in the card image of generation 2.1 (reference card.md 4.3), product names and versions at their places.
def test_ef_atr_of_generation_2_1_is_that_of_the_image(reader: Reader) -> None:
    assert reader("00B09D0000").startswith(
        "E01102020809020300800002020809020208095F520C806605444573696D739621E0D003040300"
        "D210444567656D5F4E4F4E455F2020000001D310444567656D434F535F53494D20000100"
        "D41045474B5F47322E312020202020040502D610444567656D5F4E4F4E455F2020010000CF15"
    )


def test_ef_version_has_four_records_of_old(reader: Reader) -> None:
    assert [reader(f"00B20{number}8400") for number in (1, 2, 3, 4, 5)] == [
        "00400000009000",
        "00400000009000",
        "00400000009000",
        "00000000009000",
        "6A83",
    ]


def test_ef_vd_gives_start_and_end_of_both_its_parts(reader: Reader) -> None:
    reader(HCA)
    content = data(reader("00B08200000000"))
    starts = [int.from_bytes(content[at : at + 2], "big") for at in range(0, 8, 2)]
    assert starts[0] == 8
    assert starts[2] == starts[1] + 1
    assert starts[3] == len(content) - 1
    general, protected = text(content[8 : starts[1] + 1]), text(content[starts[2] :])
    assert "<Kostentraegerkennung>109500969<" in general
    assert "<Versichertenart>1<" in general
    assert "UC_GeschuetzteVersichertendatenXML" in protected
    assert "TEST ONLY" in general


def test_a_family_member_is_insured_as_one(clara: Person, insert: Insert) -> None:
    reader = insert(HealthCard.personalised(replace(clara, guardian=clara), today=TODAY))
    reader(HCA)
    content = data(reader("00B08200000000"))
    assert "<Versichertenart>3<" in text(content[8 : int.from_bytes(content[2:4], "big") + 1])


def test_ef_status_vd_tells_the_day_and_the_versions(reader: Reader) -> None:
    reader(HCA)
    assert data(reader("00B08C0000")) == b"020210323000000" + bytes.fromhex("00500200000030000004")


def test_every_content_fits_its_file(make_card: MakeCard) -> None:
    card = make_card()
    for file in card.chip.system.things.values():
        if isinstance(file, TransparentFile):
            assert len(card.chip.content(file)) <= file.size, file.name


def test_the_longest_names_still_fit(clara: Person, insert: Insert) -> None:
    long = replace(clara, given_names="Ä" * 45, family_name="ß" * 45, title="Prof. Dr. Dr. h. c.")
    reader = insert(HealthCard.personalised(long, today=TODAY))
    reader(HCA)
    content = data(reader("00B08100000000"))
    assert "<Nachname>" + "ß" * 45 in text(content[2:])


# -- what vendors decide ----------------------------------------------------------------------------------------------


def as_vendor(card: HealthCard, **points: object) -> HealthCard:
    changed = {name.replace("_", " "): value for name, value in points.items()}
    card.chip.profile = CardProfile.model_validate(card_profile().model_dump(by_alias=True) | changed)
    return card


def test_a_vendor_may_select_by_file_identifier_from_anywhere(make_card: MakeCard, insert: Insert) -> None:
    reader = insert(as_vendor(make_card(), select_by_file_id_from_anywhere=True))
    reader(HCA)
    assert reader("00A4000C023F00") == "9000"
    assert reader("00B0820000").endswith("9000")


def test_older_cards_show_the_transport_state_of_a_blocked_password(make_card: MakeCard, insert: Insert) -> None:
    for newest, answer in ((True, "63C0"), (False, "62C1")):
        card = as_vendor(make_card(transport=TransportState.TRANSPORT_PIN), blocked_before_transport_in_status=newest)
        card.block_pin()
        assert insert(card)("80200002") == answer


def test_a_vendor_may_have_one_channel_only(make_card: MakeCard, insert: Insert) -> None:
    assert insert(as_vendor(make_card(), logical_channels=1))("0070000001") == "6981"


@pytest.mark.parametrize(
    "points", [{"wrong_length": "6700"}, {"wrong_length": 1}, {"logical_channels": 5}, {"mood": 1}]
)
def test_a_mistake_in_a_profile_is_named(points: dict[str, object]) -> None:
    changed = {name.replace("_", " "): value for name, value in points.items()}
    with pytest.raises(ValueError, match=next(iter(changed))):
        CardProfile.model_validate(card_profile().model_dump(by_alias=True) | changed)


@pytest.mark.parametrize(
    ("sfid", "policy"), [(4, 70), (0x0B, 71), (5, 68), (0x0C, 69), (1, 70), (9, 71), (2, 68), (0x0A, 69)]
)
def test_each_certificate_is_issued_under_its_policy(cardholder: Reader, sfid: int, policy: int) -> None:
    certificate = public_key(cardholder, sfid)
    certificate.verify_directly_issued_by(CardPki().issuer_certificate())
    policies = certificate.extensions.get_extension_for_class(x509.CertificatePolicies).value
    assert f"1.2.276.0.76.4.{policy}" in [p.policy_identifier.dotted_string for p in policies]
    pseudonymous = policy in (69, 71)
    assert ("Prüfer" in certificate.subject.rfc4514_string()) is not pseudonymous
    assert "TEST-ONLY" in certificate.subject.rfc4514_string()
