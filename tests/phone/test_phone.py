"""The phone in the hand: catalogue, settings, apps, keys, motion."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from emulators.core.physics import Physics
from emulators.phone import DEVICE_CLASSES, Biometric, Nfc, Phone, UnknownDevice, device, devices
from emulators.phone.keystore import KeyInvalidated, KeystoreAbsent, KeyUnknown
from emulators.phone.sensors import readings


@pytest.fixture
def physics() -> Physics:
    return Physics(seed=4711)


@pytest.fixture
def phone(physics: Physics) -> Phone:
    return Phone(device("android_phone_nfc"), physics, number="+491713920000")


# Reference identity.md 6.1: ways to unlock, NFC for card login, SMS for the TAN.
@pytest.mark.parametrize(
    ("device_class", "unlocks", "reads_cards", "sms"),
    [
        ("android_phone_nfc", 3, True, True),
        ("android_phone_no_nfc", 3, False, True),
        ("android_tablet", 3, False, False),
        ("iphone_nfc", 3, True, True),
        ("iphone_7", 2, True, True),
        ("iphone_no_nfc", 2, False, True),
        ("ipad", 3, False, False),
    ],
)
def test_each_class_offers_the_choices_of_the_table(
    device_class: str, unlocks: int, reads_cards: bool, sms: bool
) -> None:
    profile = device(device_class)
    assert (1 + len(profile.biometrics), profile.reads_cards, profile.sms) == (unlocks, reads_cards, sms)


def test_there_are_seven_classes_and_their_models_are_in_the_catalogue() -> None:
    assert len(DEVICE_CLASSES) == 7
    for device_class in DEVICE_CLASSES:
        profile = device(device_class)
        models = [device(model) for model in profile.models]
        assert all((m.os, m.form, m.reads_cards) == (profile.os, profile.form, profile.reads_cards) for m in models)


def test_the_catalogue_names_its_sources_and_spans_the_floors() -> None:
    assert len(devices()) >= 25
    assert all(profile.source for profile in devices().values())
    assert {p.os.value for p in devices().values()} == {"android", "ios", "windows"}
    assert device("pixel").os_release < (8,) <= device("galaxy-s7").os_release
    assert device("iphone-8-ios-12").os_release < (13,) <= device("iphone-x").os_release
    assert device("iphone-se-2016").nfc is Nfc.PAY_ONLY


def test_an_unknown_device_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownDevice, match="did you mean 'iphone-12'"):
        device("iphone12")


def test_an_unknown_setting_is_answered_with_the_nearest(phone: Phone) -> None:
    with pytest.raises(ValueError, match="did you mean 'rooted'"):
        phone.set(roted=True)


@pytest.mark.parametrize(
    ("setting", "value", "complaint"),
    [("rooted", "perhaps", "rooted"), ("enrolled", ["iris"], "enrolled"), ("clock_skew", "soon", "clock_skew")],
)
def test_a_value_that_does_not_fit_is_refused(phone: Phone, setting: str, value: object, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        phone.set(**{setting: value})


def test_a_phone_takes_no_setting_its_hardware_lacks(physics: Physics) -> None:
    plain = Phone(device("iphone-se-2016"), physics)
    with pytest.raises(ValueError, match="no face"):
        plain.set(enrolled=["face"])
    with pytest.raises(ValueError, match="no NFC"):
        plain.set(nfc_on=True)


def test_a_refused_setting_changes_nothing(phone: Phone, physics: Physics) -> None:
    before, written = phone.settings, len(physics.journal)
    with pytest.raises(ValueError, match="screen lock"):
        phone.set(lock=False, enrolled=["face"])
    assert phone.settings == before
    assert len(physics.journal) == written


def test_the_journal_holds_what_was_changed_and_nothing_else(phone: Phone, physics: Physics) -> None:
    phone.set(rooted=True, network=True, enrolled=["face"])
    (entry,) = physics.journal.named("phone", "set")
    assert entry.data == {"phone": "phone", "rooted": True, "enrolled": ["face"]}


def test_a_wrong_clock_shows_another_time(phone: Phone, physics: Physics) -> None:
    phone.set(auto_time=False, clock_skew=timedelta(hours=2))
    assert phone.now - physics.clock.now == timedelta(hours=2)


def test_biometrics_work_when_enrolled(phone: Phone) -> None:
    assert phone.authenticate("face")
    phone.set(enrolled=["fingerprint"])
    assert not phone.authenticate("face")
    assert phone.authenticate(Biometric.FINGERPRINT)
    assert not phone.authenticate("iris")


def test_an_app_can_tell_that_the_enrolment_has_changed(phone: Phone) -> None:
    before = phone.enrolment_id
    phone.set(rooted=True)
    assert phone.enrolment_id == before
    phone.set(enrolled=["face"])
    phone.set(enrolled=["face", "fingerprint"])
    assert phone.enrolment_id == before + 2


def test_storage_lasts_until_the_app_is_removed(phone: Phone) -> None:
    phone.install("ecare")
    phone.storage("ecare")["bound"] = True
    phone.install("ecare")
    assert phone.storage("ecare") == {"bound": True}
    phone.remove("ecare")
    with pytest.raises(LookupError, match="not installed"):
        phone.storage("ecare")
    phone.install("ecare")
    assert phone.storage("ecare") == {}


@pytest.mark.parametrize(("device_id", "kept"), [("pixel-6", False), ("iphone-12", True)])
def test_keys_of_a_removed_app_stay_in_the_keychain_only(physics: Physics, device_id: str, kept: bool) -> None:
    phone = Phone(device(device_id), physics)
    phone.install("ecare")
    phone.keystore.create("ecare/device")
    phone.remove("ecare")
    assert ("ecare/device" in phone.keystore) is kept


def test_a_key_signs_under_its_public_key(phone: Phone) -> None:
    public = phone.keystore.create("ecare/device")
    public.verify(phone.keystore.sign("ecare/device", b"hello"), b"hello", ec.ECDSA(hashes.SHA256()))
    assert phone.keystore.public_key("ecare/device") == public


def test_keys_differ_by_phone_and_by_creation(physics: Physics) -> None:
    one, other = (Phone(device("pixel-6"), physics, name=name) for name in ("one", "other"))
    made = [one.keystore.create("a/k"), one.keystore.create("a/k"), other.keystore.create("a/k")]
    assert len({key.public_numbers() for key in made}) == 3


def test_removing_the_lock_loses_keys_and_biometrics_for_good(phone: Phone) -> None:
    phone.keystore.create("ecare/device")
    phone.set(lock=False)
    assert phone.settings.enrolled == frozenset()
    phone.set(lock=True)
    with pytest.raises(KeyInvalidated):
        phone.keystore.sign("ecare/device", b"hello")
    phone.keystore.create("ecare/device")
    assert phone.keystore.sign("ecare/device", b"hello")


def test_without_a_keystore_there_are_no_keys(phone: Phone) -> None:
    with pytest.raises(KeyUnknown):
        phone.keystore.public_key("ecare/device")
    phone.set(keystore=False)
    with pytest.raises(KeystoreAbsent):
        phone.keystore.create("ecare/device")


def mean_movement(samples: bytes) -> float:
    """How far the readings lie from rest, on average, in thousandths of g."""
    values = [abs(x) + abs(y) + abs(z - 1000) for x, y, z in readings(samples)]
    return sum(values) / len(values)


def test_the_more_vigour_the_more_movement(phone: Phone) -> None:
    none, little, full = (mean_movement(phone.shake(10, vigour)) for vigour in ("none", "little", "full"))
    assert none < 10 < little < 300 < full


def test_an_app_reads_what_was_shaken_once(phone: Phone) -> None:
    shaken = phone.shake(2) + phone.shake(1, "little")
    assert phone.motion.samples() == shaken
    assert phone.motion.samples() == b""


def test_no_two_phones_and_no_two_shakes_are_alike_but_the_same_world_is() -> None:
    def shakes() -> list[bytes]:
        physics = Physics(seed=7)
        return [
            phone.shake(1)
            for phone in (Phone(device("pixel-6"), physics, name=name) for name in ("one", "two"))
            for _ in range(2)
        ]

    assert shakes() == shakes()
    assert len(set(shakes())) == 4


def test_shaking_in_an_unknown_way_is_refused(phone: Phone) -> None:
    with pytest.raises(ValueError, match="wild"):
        phone.shake(1, "wild")


def test_a_rehearsed_movement_is_the_same_on_every_phone_and_leaves_the_free_ones_as_they_were() -> None:
    one, other = (Phone(device("pixel-6"), Physics(seed=seed), name=name) for seed, name in ((1, "one"), (2, "two")))
    alike = one.shake(2, rehearsed=True)
    assert alike == other.shake(2, rehearsed=True) == one.shake(2, rehearsed=True)
    assert mean_movement(alike) > 300
    assert one.shake(2) == Phone(device("pixel-6"), Physics(seed=1), name="one").shake(2) != alike
