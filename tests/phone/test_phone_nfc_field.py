"""The NFC field in time and by platform: coupling, computing, sessions, lengths, tears, and the names of errors."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import pytest

from emulators.core.physics import Physics
from emulators.phone import (
    FIELD_CARD,
    TEST_CARD,
    CardTimes,
    Connection,
    NfcError,
    NfcNotSupported,
    NfcSwitchedOff,
    NoCardFound,
    Phone,
    SessionEnded,
    TagLost,
    TransceiveTooLong,
    device,
    devices,
)
from emulators.phone.nfc import Trouble, frame_waiting_time, platform_error
from emulators.phone.profile import DeviceProfile, OperatingSystem

ANDROID, IPHONE = "pixel-8", "iphone-12"  # both with the antenna at the top
TAG_LOST = "android.nfc.TagLostException"
SELECT = bytes.fromhex("00A4040C")
AGREE = bytes.fromhex("1086000002" + "7C00" + "00")
RIGHT_PIN = bytes.fromhex("0020000208" + "26123456FFFFFFFF")
WRONG_PIN = bytes.fromhex("0020000208" + "26000000FFFFFFFF")


class SmallCard:
    """A chip with one PIN. As on real ones the counter is written before the PIN is compared."""

    nfc = True

    def __init__(self) -> None:
        self.tries = 3
        self.resets = 0

    def reset(self) -> None:
        self.resets += 1

    def transmit_contactless(self, command: bytes) -> bytes:
        if command[1] != 0x20:
            return b"\x90\x00"
        self.transmit_torn(command)
        if command != RIGHT_PIN:
            return bytes((0x63, 0xC0 | self.tries))
        self.tries = 3
        return b"\x90\x00"

    def transmit_torn(self, command: bytes) -> None:
        if command[1] == 0x20:
            self.tries -= 1

    def describe(self, command: bytes) -> str:
        return command[:2].hex()


@pytest.fixture
def physics() -> Physics:
    physics = Physics(seed=4711)
    physics.faults.declare(Phone.name, Phone.faults)
    return physics


@pytest.fixture
def card() -> SmallCard:
    return SmallCard()


def phone_of(physics: Physics, model: str | DeviceProfile) -> Phone:
    return Phone(device(model) if isinstance(model, str) else model, physics)


def connected(
    physics: Physics, card: SmallCard, model: str | DeviceProfile, times: CardTimes | None = None
) -> tuple[Phone, Connection]:
    phone = phone_of(physics, model)
    phone.hold(card, at=phone.profile.antenna or "top", times=times or CardTimes())
    return phone, phone.nfc.connect()


def named(error: NfcError) -> tuple[str, int | None] | None:
    """Name and number of the platform's error."""
    return (error.platform_error.name, error.platform_error.code) if error.platform_error else None


def lost_data(physics: Physics) -> Mapping[str, object]:
    (entry,) = physics.journal.named("phone", "nfc.lost")
    return {key: value for key, value in entry.data.items() if key != "phone"}


# --- coupling ---------------------------------------------------------------------------------------------------


def test_a_card_on_the_antenna_is_recognised_after_its_coupling_time(physics: Physics, card: SmallCard) -> None:
    phone = phone_of(physics, ANDROID)
    phone.hold(card, at=("bottom", "top"), coupling=1.5)
    phone.nfc.connect()
    (entry,) = physics.journal.named("phone", "nfc.connected")
    assert entry.data["seconds"] == 5.5


def test_a_hand_that_moves_on_too_early_misses_the_antenna(physics: Physics, card: SmallCard) -> None:
    phone = phone_of(physics, ANDROID)
    phone.hold(card, at=("top", "bottom"), coupling=5)
    with pytest.raises(NoCardFound) as caught:
        phone.nfc.connect()
    assert caught.value.reason == "antenna"
    phone.hold(card, at=("bottom", "top"), coupling=5)
    assert phone.nfc.connect()


def test_coupling_counts_towards_the_timeout(physics: Physics, card: SmallCard) -> None:
    phone = phone_of(physics, ANDROID)
    phone.hold(card, at="top", coupling=3)
    with pytest.raises(NoCardFound):
        phone.nfc.connect(timeout=3)
    assert phone.nfc.connect(timeout=3.5)


def test_a_card_cannot_be_recognised_before_it_is_held(physics: Physics, card: SmallCard) -> None:
    with pytest.raises(ValueError, match="before it is held"):
        phone_of(physics, ANDROID).hold(card, coupling=-1)


def test_slow_coupling_delays_one_search(physics: Physics, card: SmallCard) -> None:
    phone = phone_of(physics, ANDROID)
    physics.faults.arm("phone", "slow_coupling", {"seconds": 2})
    phone.hold(card)
    phone.nfc.connect()
    phone.nfc.connect()
    slow, fast = physics.journal.named("phone", "nfc.connected")
    assert (slow.data["seconds"], fast.data["seconds"]) == (2, 0)
    assert (slow.cause.fault, fast.cause.fault) == ("phone.slow_coupling", None)


# --- lengths ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "limit", "extended"),
    [
        ("galaxy-s9-lineageos", 261, False),
        ("galaxy-s10-lineageos", 65279, True),
        (IPHONE, 65536, True),
        (ANDROID, None, True),
    ],
)
def test_extended_length_is_what_the_longest_command_allows(
    physics: Physics, card: SmallCard, model: str, limit: int | None, extended: bool
) -> None:
    phone, connection = connected(physics, card, model)
    assert (phone.nfc.max_transceive, phone.nfc.extended_length_supported) == (limit, extended)
    assert (connection.max_transceive, connection.extended_length_supported) == (limit, extended)


def test_every_reader_of_the_catalogue_says_where_its_limit_comes_from() -> None:
    for profile in devices().values():
        assert ("max_transceive" in profile.source) is profile.reads_cards
        assert ("max_transceive unknown" in profile.source) is (profile.reads_cards and profile.max_transceive is None)
    assert not device("galaxy-a10").extended_length_supported


@pytest.mark.parametrize(
    ("model", "limit", "name", "code"),
    [
        ("galaxy-s9-lineageos", 261, "java.io.IOException", None),
        (IPHONE, 65536, "NFCReaderTransceiveErrorPacketTooLong", 105),
    ],
)
def test_a_command_over_the_limit_never_reaches_the_card(
    physics: Physics, card: SmallCard, model: str, limit: int, name: str, code: int | None
) -> None:
    _, connection = connected(physics, card, model)
    assert connection.transceive(SELECT + bytes(limit - len(SELECT))) == b"\x90\x00"
    with pytest.raises(TransceiveTooLong) as caught:
        connection.transceive(WRONG_PIN + bytes(limit + 1 - len(WRONG_PIN)))
    assert not isinstance(caught.value, TagLost)
    assert (caught.value.length, caught.value.limit, named(caught.value)) == (limit + 1, limit, (name, code))
    assert card.tries == 3
    assert connection.transceive(SELECT) == b"\x90\x00"
    assert len(list(physics.journal.named("card", "apdu"))) == 2


def test_android_says_that_a_command_is_too_long_in_its_own_words(physics: Physics, card: SmallCard) -> None:
    _, connection = connected(physics, card, "galaxy-s9-lineageos")
    with pytest.raises(TransceiveTooLong) as caught:
        connection.transceive(bytes(262))
    assert str(caught.value.platform_error) == "java.io.IOException: Transceive length exceeds supported maximum"


# --- computing --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("fwi", "seconds"), [(0, 0.000302), (4, 0.004833), (8, 0.077330), (14, 4.949)])
def test_frame_waiting_times_are_those_of_iso_14443(fwi: int, seconds: float) -> None:
    assert frame_waiting_time(fwi) == pytest.approx(seconds, rel=1e-3)


@pytest.mark.parametrize(("fwi", "wtxm", "otherwise"), [(15, 1, 0), (-1, 1, 0), (8, 0, 0), (8, 60, 0), (8, 1, -1)])
def test_a_card_declares_only_what_the_standard_has(fwi: int, wtxm: int, otherwise: float) -> None:
    with pytest.raises(ValueError, match="not" if otherwise == 0 else "before it was asked"):
        CardTimes(fwi=fwi, wtxm=wtxm, otherwise=otherwise)


def test_a_computing_card_asks_for_more_time(physics: Physics, card: SmallCard) -> None:
    _, connection = connected(physics, card, ANDROID, TEST_CARD)
    before = physics.clock.now
    assert connection.transceive(AGREE) == b"\x90\x00"
    assert connection.transceive(SELECT) == b"\x90\x00"
    (entry,) = physics.journal.named("phone", "nfc.computing")
    assert entry.data == {"phone": "phone", "command": 1, "seconds": 0.1, "extensions": 1}
    assert connection.age == pytest.approx(0.1)
    assert physics.clock.now == before


def test_longer_extensions_are_fewer() -> None:
    assert CardTimes(wtxm=1).extensions(1.0) == 12
    assert CardTimes(wtxm=10).extensions(1.0) == 2
    assert CardTimes().extensions(0.05) == 0


@pytest.mark.parametrize(("model", "name", "code"), [(ANDROID, TAG_LOST, None), (IPHONE, "TagResponseError", 102)])
def test_a_card_that_asks_for_no_time_is_mute(
    physics: Physics, card: SmallCard, model: str, name: str, code: int | None
) -> None:
    _, connection = connected(physics, card, model, CardTimes({0x20: 0.5}, extends=False))
    with pytest.raises(TagLost) as caught:
        connection.transceive(RIGHT_PIN)
    found = named(caught.value)
    assert found is not None
    assert (found[0].endswith(name), found[1]) == (True, code)
    assert lost_data(physics) == {"command": 1, "when": "inside", "reason": "frame_waiting_time"}


def test_android_gives_up_after_its_timeout_and_the_try_is_used_up(physics: Physics, card: SmallCard) -> None:
    phone, connection = connected(physics, card, ANDROID, CardTimes({0x20: 0.7}))
    assert connection.timeout == 0.618
    with pytest.raises(TagLost) as caught:
        connection.transceive(RIGHT_PIN)
    assert named(caught.value) == (TAG_LOST, None)
    assert lost_data(physics) == {"command": 1, "when": "inside", "reason": "timeout"}
    assert card.tries == 2
    patient = phone.nfc.connect()
    assert patient.timeout == 0.618
    patient.timeout = 2.5
    assert patient.transceive(RIGHT_PIN) == b"\x90\x00"
    assert card.tries == 3
    assert phone.nfc.connect().timeout == 0.618


def test_pace_of_a_card_in_the_field_fits_the_default_timeout(physics: Physics, card: SmallCard) -> None:
    _, connection = connected(physics, card, ANDROID, FIELD_CARD)
    assert [connection.transceive(AGREE) for _ in range(4)] == [b"\x90\x00"] * 4
    assert connection.age == pytest.approx(1.5)


def test_only_android_lets_an_app_set_a_timeout(physics: Physics, card: SmallCard) -> None:
    _, android = connected(physics, card, ANDROID)
    with pytest.raises(ValueError, match="not valid"):
        android.timeout = 0
    _, iphone = connected(physics, card, IPHONE)
    assert iphone.timeout is None
    with pytest.raises(ValueError, match="no timeout on ios"):
        iphone.timeout = 2.5


def test_a_phone_that_polls_computing_cards_loses_them_unless_the_app_asks_for_patience(
    physics: Physics, card: SmallCard
) -> None:
    eager = device(ANDROID).model_copy(update={"polls_computing_cards": True})
    phone, connection = connected(physics, card, eager, CardTimes({0x86: 0.2}))
    with pytest.raises(TagLost) as caught:
        connection.transceive(AGREE)
    assert named(caught.value) == (TAG_LOST, None)
    assert lost_data(physics) == {"command": 1, "when": "inside", "reason": "presence_check"}
    phone.nfc.presence_check_delay = 0.25
    assert phone.nfc.connect().transceive(AGREE) == b"\x90\x00"


# --- sessions ---------------------------------------------------------------------------------------------------


def test_an_ios_session_ends_in_the_midst_of_a_command_when_its_minute_is_over(
    physics: Physics, card: SmallCard
) -> None:
    iphone = phone_of(physics, IPHONE)
    iphone.hold(card, at=["bottom"] * 14 + ["top"], times=CardTimes({0x20: 3.0}))
    connection = iphone.nfc.connect(timeout=60)  # found after 56 s
    assert connection.transceive(RIGHT_PIN) == b"\x90\x00"
    with pytest.raises(SessionEnded) as caught:
        connection.transceive(RIGHT_PIN)
    assert named(caught.value) == ("NFCReaderSessionInvalidationErrorSessionTimeout", 201)
    assert lost_data(physics) == {"command": 2, "when": "inside", "reason": "session_limit"}
    assert card.tries == 2


def test_the_minute_of_a_session_passes_with_the_worlds_clock_too(physics: Physics, card: SmallCard) -> None:
    _, iphone = connected(physics, card, IPHONE)
    physics.clock.advance(timedelta(seconds=59))
    assert iphone.transceive(SELECT) == b"\x90\x00"
    physics.clock.advance(timedelta(seconds=1))
    for _ in range(2):
        with pytest.raises(SessionEnded) as caught:
            iphone.transceive(SELECT)
        assert named(caught.value) == ("NFCReaderSessionInvalidationErrorSessionTimeout", 201)
    (entry,) = physics.journal.named("phone", "nfc.session_ended")
    assert entry.data["reason"] == "session_limit"


def test_android_lets_a_connection_grow_old(physics: Physics, card: SmallCard) -> None:
    _, android = connected(physics, card, ANDROID)
    physics.clock.advance(timedelta(minutes=5))
    assert android.transceive(SELECT) == b"\x90\x00"


def test_a_limit_per_tag_can_be_set_and_ends_as_a_lost_tag(physics: Physics, card: SmallCard) -> None:
    phone, connection = connected(physics, card, IPHONE)
    phone.nfc.tag_limit = 20
    physics.clock.advance(timedelta(seconds=20))
    with pytest.raises(TagLost) as caught:
        connection.transceive(SELECT)
    assert named(caught.value) == ("NFCReaderTransceiveErrorTagConnectionLost", 100)


def test_a_search_that_ios_ends_is_named_and_one_the_app_ends_is_not(physics: Physics) -> None:
    iphone = phone_of(physics, IPHONE)
    with pytest.raises(NoCardFound) as caught:
        iphone.nfc.connect(timeout=90)
    assert named(caught.value) == ("NFCReaderSessionInvalidationErrorSessionTimeout", 201)
    with pytest.raises(NoCardFound) as caught:
        iphone.nfc.connect(timeout=15)
    assert named(caught.value) is None


@pytest.mark.parametrize(
    ("model", "error"), [(ANDROID, None), (IPHONE, ("NFCReaderSessionInvalidationErrorUserCanceled", 200))]
)
def test_a_person_who_cancels_ends_the_session(
    physics: Physics, card: SmallCard, model: str, error: tuple[str, int] | None
) -> None:
    phone, connection = connected(physics, card, model)
    phone.nfc.cancel()
    phone.nfc.cancel()
    with pytest.raises(SessionEnded) as ended:
        connection.transceive(SELECT)
    assert named(ended.value) == error
    assert len(list(physics.journal.named("phone", "nfc.cancelled"))) == 1
    physics.faults.arm("phone", "cancelled")
    with pytest.raises(NoCardFound, match="cancelled") as caught:
        phone.nfc.connect()
    assert (caught.value.reason, named(caught.value)) == ("cancelled", error)
    assert phone.nfc.connect()


# --- tears and lost answers ---------------------------------------------------------------------------------------


# A right PIN tells the three apart: not tried, tried and not yet acknowledged, tried and all tries given back.
@pytest.mark.parametrize(("when", "tries"), [("before", 2), ("inside", 1), ("after", 3)])
@pytest.mark.parametrize(
    ("model", "error"), [(ANDROID, (TAG_LOST, None)), (IPHONE, ("NFCReaderTransceiveErrorTagConnectionLost", 100))]
)
def test_a_torn_card_keeps_what_it_had_written(
    physics: Physics, card: SmallCard, when: str, tries: int, model: str, error: tuple[str, int | None]
) -> None:
    card.tries = 2
    physics.faults.arm("phone", "tear_off", {"when": when})
    phone, connection = connected(physics, card, model)
    with pytest.raises(TagLost) as caught:
        connection.transceive(RIGHT_PIN)
    assert (card.tries, named(caught.value)) == (tries, error)
    assert lost_data(physics) == {"command": 1, "when": when}
    answers = [entry.data["sw"] for entry in physics.journal.named("card", "apdu")]
    assert answers == {"before": [], "inside": [""], "after": ["9000"]}[when]
    assert phone.nfc.held is None


@pytest.mark.parametrize("at", [1, 2, 3, 4])
@pytest.mark.parametrize("when", ["before", "inside", "after"])
def test_every_command_can_be_torn_and_the_card_serves_again(
    physics: Physics, card: SmallCard, at: int, when: str
) -> None:
    physics.faults.arm("phone", "tear_off", {"after_command": at, "when": when})
    phone, connection = connected(physics, card, ANDROID)
    commands = (SELECT, AGREE, WRONG_PIN, SELECT)
    for command in commands[: at - 1]:
        connection.transceive(command)
    with pytest.raises(TagLost):
        connection.transceive(commands[at - 1])
    with pytest.raises(TagLost):
        connection.transceive(SELECT)
    spent = at > 3 or (at == 3 and when != "before")
    assert card.tries == 3 - spent
    phone.hold(card)
    assert phone.nfc.connect().transceive(RIGHT_PIN) == b"\x90\x00"
    assert not physics.faults.unspent


@pytest.mark.parametrize(
    ("model", "error"), [(ANDROID, (TAG_LOST, None)), (IPHONE, ("NFCReaderTransceiveErrorTagResponseError", 102))]
)
def test_an_answer_that_cannot_be_read_leaves_the_card_in_the_hand(
    physics: Physics, card: SmallCard, model: str, error: tuple[str, int | None]
) -> None:
    physics.faults.arm("phone", "no_answer", nth=2)
    phone, connection = connected(physics, card, model)
    connection.transceive(SELECT)
    with pytest.raises(TagLost) as caught:
        connection.transceive(WRONG_PIN)
    assert (named(caught.value), card.tries) == (error, 2)
    (entry,) = physics.journal.named("phone", "nfc.lost")
    assert entry.cause.fault == "phone.no_answer"
    assert phone.nfc.connect().transceive(SELECT) == b"\x90\x00"


def test_a_timeout_leaves_a_tear_for_the_next_connection(physics: Physics, card: SmallCard) -> None:
    physics.faults.arm("phone", "tear_off", {"after_command": 2})
    phone, connection = connected(physics, card, ANDROID, CardTimes({0x86: 1.0}))
    with pytest.raises(TagLost):
        connection.transceive(AGREE)
    assert [armed.name for armed in physics.faults.unspent] == ["phone.tear_off"]
    again = phone.nfc.connect()
    again.transceive(SELECT)
    with pytest.raises(TagLost):
        again.transceive(SELECT)
    assert not physics.faults.unspent


# --- the platforms' names ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ending", "android", "ios"),
    [
        ("closed", "java.lang.IllegalStateException", 103),
        ("another connection", "java.lang.IllegalStateException", 103),
        ("switched off", "java.io.IOException", 103),
        ("taken away", TAG_LOST, 100),
    ],
)
def test_a_connection_that_ended_keeps_its_reason(
    physics: Physics, card: SmallCard, ending: str, android: str, ios: int
) -> None:
    for model in (ANDROID, IPHONE):
        phone, connection = connected(physics, card, model)
        match ending:
            case "closed":
                connection.close()
            case "another connection":
                phone.nfc.connect()
            case "switched off":
                phone.set(nfc_on=False)
            case _:
                phone.take_away()
        for _ in range(2):
            with pytest.raises(TagLost) as caught:
                connection.transceive(SELECT)
            found = named(caught.value)
            assert found is not None
            assert found[0 if model == ANDROID else 1] == (android if model == ANDROID else ios)


def test_ios_names_a_missing_and_a_silent_radio_and_android_leaves_it_to_the_app(physics: Physics) -> None:
    with pytest.raises(NfcNotSupported) as missing:
        phone_of(physics, "iphone-se-2016").nfc.connect()
    assert named(missing.value) == ("NFCReaderErrorUnsupportedFeature", 1)
    for model, error in ((IPHONE, ("NFCReaderErrorRadioDisabled", 6)), (ANDROID, None)):
        phone = phone_of(physics, model)
        phone.set(nfc_on=False)
        with pytest.raises(NfcSwitchedOff) as off:
            phone.nfc.connect()
        assert named(off.value) == error


def test_ios_has_a_number_for_every_trouble_and_windows_has_no_names_here() -> None:
    errors = {trouble: platform_error(OperatingSystem.IOS, trouble) for trouble in Trouble}
    codes = {error.code for error in errors.values() if error}
    assert codes == {1, 6, 100, 102, 103, 105, 200, 201}
    assert all(errors.values())
    assert not any(platform_error(OperatingSystem.WINDOWS, trouble) for trouble in Trouble)
