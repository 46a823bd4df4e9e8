"""A card as a file and back: what it was made of, and its state. JSON, TEST ONLY, secrets and keys included.

Keys and certificates of the test PKI are not in the file: they follow from the labels that are. What has been read or
written so far is, so that a card comes back to the octet.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from random import Random
from typing import Literal

from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import BaseModel, ConfigDict, ValidationError

from emulators.core.person import Person

from .access import AccessRules, Chat, Enforcement, LifeCycle
from .authority import CURVE
from .chip import Chip, Record
from .filesystem import RecordFile, TransparentFile
from .keys import PublicKey
from .object_data import card_profile
from .object_system import Thing, object_system
from .passwords import Secret, SecretLimits, TransportState
from .personalisation import Personalisation
from .pki import CardPki, Variant
from .rsa_keys import RsaKey

NOTICE = "TEST ONLY: an emulated card. Its secrets and keys are in this file; nothing in it is worth protecting."


class CardFileError(ValueError):
    """The text is no card of this format; it says where it is wrong."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Secret(_Part):
    pin: str
    puk: str
    tries: int
    puk_uses: int
    transport: TransportState


class _Record(_Part):
    data: str
    active: bool


class _PublicKey(_Part):
    """`trusted_through` names the anchor whose rules it has."""

    name: str
    reference: str
    point: str
    chat: str
    flags: str
    until: str
    trusted_through: str


class _Key(_Part):
    """A private key that is not made from labels: the scalar, or p, q, d."""

    numbers: tuple[str, ...]


class _Randomness(_Part):
    """Where a source of random numbers stands."""

    version: int
    words: tuple[int, ...]


class _State(_Part):
    secrets: Mapping[str, _Secret]
    disabled: tuple[str, ...]
    life_cycles: Mapping[str, str]
    terminated: bool
    point_in_time: str
    files: Mapping[str, str]
    records: Mapping[str, tuple[_Record, ...]]
    public_keys: tuple[_PublicKey, ...]
    private_keys: Mapping[str, _Key]
    randomness: Mapping[str, _Randomness]
    scenarios: Mapping[str, int] = {}  # not in files of before there were any


class _CardFile(_Part):
    format: Literal["pruefstand health card 1"]
    notice: str
    object_system: str
    profile: str
    enforcement: Enforcement
    person: Person
    today: date
    variant: Variant
    seed: int
    pki: str
    state: _State


def to_text(chip: Chip) -> str:
    """The card as JSON, always in the same order."""
    made = chip.personalisation
    whole = _CardFile(
        format="pruefstand health card 1",
        notice=NOTICE,
        object_system=chip.system.name,
        profile=chip.profile.name.lower(),
        enforcement=chip.enforcement,
        person=made.person,
        today=made.today,
        variant=made.variant,
        seed=made.seed,
        pki=made.pki.label,
        state=_state(chip),
    )
    return whole.model_dump_json(indent=2) + "\n"


def _state(chip: Chip) -> _State:
    return _State(
        secrets={
            name: _Secret(pin=s.pin, puk=s.puk, tries=s.tries, puk_uses=s.puk_uses, transport=s.transport)
            for name, s in sorted(chip.secrets.items())
        },
        disabled=tuple(sorted(chip.disabled)),
        life_cycles={thing.name: state.name for thing, state in chip.life_cycles.items()},
        terminated=chip.terminated,
        point_in_time=chip.point_in_time,
        files={file.name: content.hex() for file, content in chip.contents.items()},
        records={
            file.name: tuple(_Record(data=r.data.hex(), active=r.active) for r in records)
            for file, records in chip.record_lists.items()
        },
        public_keys=tuple(_public_key(chip, key) for key in chip.learnt),
        private_keys={name: _Key(numbers=_numbers(key)) for name, key in sorted(chip.given_keys.items())},
        randomness={use: _randomness(source) for use, source in sorted(chip.sources.items())},
        scenarios=dict(sorted(chip.scenarios.items())),
    )


def _public_key(chip: Chip, key: PublicKey) -> _PublicKey:
    anchor = next(anchor.data.name for anchor in chip.system.anchors if anchor.rules is key.rules)
    return _PublicKey(
        name=key.name,
        reference=key.reference.hex(),
        point=key.point.hex(),
        chat=key.chat.oid.hex(),
        flags=f"{key.chat.flags:014x}",
        until=key.until,
        trusted_through=anchor,
    )


def _numbers(key: ec.EllipticCurvePrivateKey | RsaKey) -> tuple[str, ...]:
    if isinstance(key, RsaKey):
        return tuple(f"{number:x}" for number in key)
    return (f"{key.private_numbers().private_value:x}",)


def _randomness(source: Random) -> _Randomness:
    version, words, _ = source.getstate()
    return _Randomness(version=version, words=words)


def from_text(text: str, pki: CardPki | None = None) -> Chip:
    """The chip of a card that `to_text` wrote. With `pki` it belongs to that one, else to a new one of its label.

    Raises `CardFileError`.
    """
    try:
        whole = _CardFile.model_validate_json(text)
        chip = Chip(
            object_system(whole.object_system),
            Secret("", ""),
            Personalisation(whole.person, whole.today, pki or CardPki(whole.pki), whole.variant, whole.seed),
            profile=card_profile(whole.profile),
            enforcement=whole.enforcement,
        )
        _restore(chip, whole.state)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        raise CardFileError(f"not a card of this format: {place}: {first['msg']}") from error
    except (ValueError, LookupError) as error:
        raise CardFileError(f"not a card of this format: {error}") from error
    return chip


def _restore(chip: Chip, state: _State) -> None:
    limits = {password.secret: password.limits for password in chip.system.passwords}
    chip.secrets = {name: _secret(saved, limits[name]) for name, saved in state.secrets.items()}
    chip.disabled.clear()
    chip.disabled.update(state.disabled)
    chip.life_cycles = {_thing(chip, name): LifeCycle[cycle] for name, cycle in state.life_cycles.items()}
    chip.terminated = state.terminated
    chip.point_in_time = state.point_in_time
    for name, content in state.files.items():
        file = _thing(chip, name)
        if not isinstance(file, TransparentFile) or len(content) > 2 * file.size:
            raise ValueError(f"{name} is no transparent file of that size")
        chip.contents[file] = bytes.fromhex(content)
    for name, records in state.records.items():
        file = _thing(chip, name)
        if not isinstance(file, RecordFile) or len(records) > file.records:
            raise ValueError(f"{name} has no such number of records")
        chip.record_lists[file] = [Record(bytes.fromhex(record.data), record.active) for record in records]
    rules = {anchor.data.name: anchor.rules for anchor in chip.system.anchors}
    chip.learnt = [_learnt(key, rules[key.trusted_through]) for key in state.public_keys]
    chip.given_keys = {name: _private_key(key) for name, key in state.private_keys.items()}
    chip.scenarios = dict(state.scenarios)
    chip.sources = {use: _source(saved) for use, saved in state.randomness.items()}


def _thing(chip: Chip, name: str) -> Thing:
    if name not in chip.system.things:
        raise ValueError(f"{chip.system.title} has no {name}")
    return chip.system.things[name]


def _secret(saved: _Secret, limits: SecretLimits) -> Secret:
    secret = Secret(saved.pin, saved.puk, saved.transport, limits)
    secret.tries, secret.puk_uses = saved.tries, saved.puk_uses
    return secret


def _learnt(key: _PublicKey, rules: AccessRules) -> PublicKey:
    chat = Chat(bytes.fromhex(key.chat), int(key.flags, 16))
    return PublicKey(key.name, bytes.fromhex(key.reference), bytes.fromhex(key.point), chat, key.until, rules)


def _private_key(key: _Key) -> ec.EllipticCurvePrivateKey | RsaKey:
    numbers = [int(number, 16) for number in key.numbers]
    if len(numbers) == 1:
        return ec.derive_private_key(numbers[0], CURVE)
    return RsaKey(*numbers)


def _source(saved: _Randomness) -> Random:
    source = Random()
    source.setstate((saved.version, saved.words, None))
    return source
