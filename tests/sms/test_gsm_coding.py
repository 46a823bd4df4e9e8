"""Coding of short messages. Vectors: 3GPP TS 23.038 (alphabet), TS 23.040 (sizes of segments)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulators.sms.coding import Encoding, coding_of, decode, encode, split

BASIC = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./09:;<=>?¡AZÄÖÑÜ§¿azäöñüà"
EXTENSION = "^{}\\[~]|€\f"
gsm_text = st.text(alphabet=BASIC + EXTENSION, max_size=500)


@pytest.mark.parametrize(
    ("text", "septets"),
    [
        ("@", "00"),
        ("§", "5F"),
        ("ß", "1E"),
        ("äöüÄÖÜ", "7B7C7E5B5C5E"),
        ("€", "1B65"),
        ("[TAN]", "1B3C54414E1B3E"),
        ("`", None),
        ("„", None),
        ("ẞ", None),
    ],
)
def test_characters_have_the_septets_of_the_standard(text: str, septets: str | None) -> None:
    if septets is None:
        with pytest.raises(UnicodeEncodeError):
            encode(text)
    else:
        assert encode(text) == bytes.fromhex(septets)
        assert decode(bytes.fromhex(septets)) == text


@pytest.mark.parametrize(
    ("text", "encoding", "segments"),
    [
        ("", Encoding.GSM7, 1),
        ("a" * 160, Encoding.GSM7, 1),
        ("a" * 161, Encoding.GSM7, 2),
        ("ä" * 306, Encoding.GSM7, 2),
        ("a" * 307, Encoding.GSM7, 3),
        ("€" * 80, Encoding.GSM7, 1),
        ("€" * 81, Encoding.GSM7, 2),
        ("„" * 70, Encoding.UCS2, 1),
        ("„" * 71, Encoding.UCS2, 2),
        ("😀" * 35, Encoding.UCS2, 1),
        ("😀" * 36, Encoding.UCS2, 2),
        ("„" * 135, Encoding.UCS2, 3),
    ],
)
def test_a_text_takes_as_many_segments_as_the_standard_says(text: str, encoding: Encoding, segments: int) -> None:
    coding = coding_of(text)
    assert (coding.encoding, coding.segments) == (encoding, segments)


def test_the_character_that_forces_ucs2_is_named() -> None:
    assert coding_of("Ihre „TAN“ – 123").because_of == "„"
    assert coding_of("Grüße, 5 € [§ 2]").because_of is None


def test_an_escape_pair_is_never_cut_in_two() -> None:
    parts = split("a" * 152 + "€" + "b" * 20)
    assert [len(encode(part)) for part in parts] == [152, 22]


def test_a_surrogate_pair_is_never_cut_in_two() -> None:
    assert split("„" * 66 + "😀" + "x" * 10)[0] == "„" * 66


def test_a_lone_escape_and_an_unknown_extension_show_something() -> None:
    assert decode(b"\x1b") == " "
    assert decode(b"\x1b\x41") == "A"


@given(gsm_text)
@settings(deadline=None)
def test_what_was_encoded_is_decoded_again(text: str) -> None:
    assert decode(encode(text)) == text


@given(st.binary())
@settings(deadline=None)
def test_any_octets_are_some_text(octets: bytes) -> None:
    assert len(decode(octets)) <= len(octets)


@given(st.text(max_size=400))
@settings(deadline=None)
def test_parts_join_to_the_text_and_each_fits(text: str) -> None:
    parts, coding = split(text), coding_of(text)
    assert "".join(parts) == text
    assert len(parts) == coding.segments
    room = {Encoding.GSM7: (160, 153), Encoding.UCS2: (70, 67)}[coding.encoding][len(parts) > 1]
    for part in parts:
        units = (
            len(encode(part))
            if coding.encoding is Encoding.GSM7
            else len(part.encode("utf-16-be", "surrogatepass")) // 2
        )
        assert units <= room
