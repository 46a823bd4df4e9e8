"""The segment inspector. Vectors: 3GPP TS 23.040, concatenation headers of 6 and 7 octets."""

from emulators.sms.coding import Encoding
from emulators.sms.inspector import inspect


def test_a_short_text_is_one_segment_without_a_header() -> None:
    found = inspect("Grüße [5 €]")
    assert (found.encoding, found.units, len(found.segments)) == (Encoding.GSM7, 14, 1)
    assert found.segments[0].udh == b""
    assert (found.segments[0].units, found.segments[0].room) == (14, 160)
    assert found.segments[0].hex == "47727E1E65201B3C35201B651B3E"
    assert found.offenders == ()
    assert found.why == "GSM 7-bit, 14 septets, 1 segment(s)"


def test_a_long_text_has_headers_that_count_its_segments() -> None:
    found = inspect("ä" * 200, reference=0x1A7)
    assert [segment.udh.hex() for segment in found.segments] == ["050003a70201", "050003a70202"]
    assert [segment.units for segment in found.segments] == [153, 47]
    wide = inspect("ä" * 200, reference=0x1A7, wide_reference=True)
    assert [segment.udh.hex() for segment in wide.segments] == ["06080401a70201", "06080401a70202"]


def test_every_offending_character_is_named_with_its_place_and_what_could_stand_instead() -> None:
    found = inspect("Ihre „TAN“ 😀 – „neu“")
    assert found.encoding is Encoding.UCS2
    assert [(o.char, o.position, o.instead) for o in found.offenders] == [
        ("„", 5, '"'), ("“", 9, '"'), ("😀", 11, None), ("–", 13, "-"),
    ]  # fmt: skip
    assert found.offenders[0].name == "DOUBLE LOW-9 QUOTATION MARK"
    assert "UCS-2 because of '„'" in found.why
    assert "at character 6" in found.why
    assert found.units == 21


def test_ucs2_segments_are_utf_16_and_keep_a_pair_whole() -> None:
    found = inspect("„" * 66 + "😀" + "x")
    assert found.encoding is Encoding.UCS2
    assert [segment.units for segment in found.segments] == [69]
    assert b"".join(s.payload for s in found.segments).decode("utf-16-be") == "„" * 66 + "😀" + "x"
