"""What makes a blank card the card of a person: file contents, keys, certificates. All TEST ONLY."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey as RsaPublicKey

from emulators.core.person import Person

from . import tlv, vsd
from .access import CHAT_OIDS, AccessRules, Chat
from .authority import private_key
from .keys import PublicKey
from .object_data import AnchorData
from .object_system import ObjectSystem
from .passwords import TransportState
from .pki import AUTH_E256, CARD_VALIDITY, CARDS_CA, CardPki, Variant
from .rsa_keys import RsaKey, rsa_key

__all__ = ["BUFFERS", "FILES", "RECORDS", "Personalisation", "TransportState"]

_SIGNATURE_KEY = "PrK.CH.AUT.E256"
_CARD_KEY = "PrK.eGK.AUT_CVC.E256"
_AES_SIZES = {"AES128": 16, "AES256": 32}


@dataclass(frozen=True)
class Personalisation:
    """A person, the day the card was made, and the PKI behind it. Keys and certificates are made on first use."""

    person: Person
    today: date
    pki: CardPki
    variant: Variant = Variant.GENUINE
    seed: int = 0

    @cached_property
    def private_key(self) -> ec.EllipticCurvePrivateKey:
        """The key in the chip; that of a cloned card is not the one its certificate speaks of."""
        return private_key(self._label("clone" if self.variant is Variant.CLONED else "card"))

    @cached_property
    def certificate(self) -> bytes:
        """C.CH.AUT.E256 in DER. An expired one had its last day yesterday."""
        return self.certificate_for(AUTH_E256)

    def ec_key(self, name: str) -> ec.EllipticCurvePrivateKey:
        """The private key of that name."""
        if name == _SIGNATURE_KEY:
            return self.private_key
        clone = "/clone" if self.variant is Variant.CLONED else ""
        return private_key(self._label(name + clone))

    def rsa_key(self, name: str) -> RsaKey:
        """The private key of that name; making it takes a while."""
        clone = "/clone" if self.variant is Variant.CLONED else ""
        return rsa_key(self._label(name + clone))

    def symmetric_keys(self, name: str) -> tuple[bytes, bytes]:
        """The keys for encipherment and MAC of a card management key."""
        size = _AES_SIZES[name.rpartition(".")[2]]
        octets = hashlib.shake_256(self._label(name).encode()).digest(2 * size)
        return octets[:size], octets[size:]

    def certificate_for(self, name: str) -> bytes:
        """The X.509 certificate in DER that lies in the file of that name (C.CH.ENC.E256)."""
        begin = self.today - CARD_VALIDITY if self.variant is Variant.EXPIRED else self.today
        foreign = self.variant is Variant.FOREIGN
        key = self._genuine_public_key(name.replace("C.", "PrK.", 1))
        return self.pki.issue_card_certificate(self.person, key, begin, name=name, foreign=foreign)

    def _genuine_public_key(self, name: str) -> ec.EllipticCurvePublicKey | RsaPublicKey:
        if name == _SIGNATURE_KEY:
            return private_key(self._label("card")).public_key()
        label = self._label(name)
        return rsa_key(label).public_key() if name.endswith("R2048") else private_key(label).public_key()

    def card_cv_certificate(self) -> bytes:
        """EF.C.eGK.AUT_CVC.E256: who the card is, without a role."""
        key = private_key(self._label(_CARD_KEY)).public_key()
        holder = b"\x00\x09" + bytes.fromhex(self.person.card.iccsn)
        return self.pki.cv_certificate(holder, key, Chat.ti(), self.today, issuer=CARDS_CA).to_bytes()

    def anchor(self, data: AnchorData, rules: AccessRules) -> PublicKey:
        """A CV key that the card trusts from the beginning."""
        reference, point = self.pki.cv_anchor(data.authority)
        chat = Chat(CHAT_OIDS[data.chat], int(data.flags, 16))
        return PublicKey(data.name, reference, point, chat, "991231", rules)

    def _label(self, role: str) -> str:
        return f"TEST-ONLY/{self.seed}/{self.person.card.iccsn}/{role}"


class Buffers(NamedTuple):
    """Octets that fit into the card's buffers, as EF.ATR announces them (reference card.md 2.1 and 4.3)."""

    command: int
    response: int
    secured_command: int
    secured_response: int

    def announced(self) -> bytes:
        """E0 { four integers }."""
        numbers = (tlv.encode(0x02, size.to_bytes(size.bit_length() // 8 + 1, "big")) for size in self)
        return tlv.encode(0xE0, b"".join(numbers))


BUFFERS = Buffers(0x0809, 0x8000, 0x0809, 0x0809)


def _octets(version: str) -> str:
    return bytes(map(int, version.split("."))).hex()


def _atr(card: Personalisation, system: ObjectSystem) -> bytes:
    """Buffer sizes, then who made what: chip, COS, object system, personaliser (reference card.md 4.3)."""
    generation = " ".join(system.title.split(",")[0].split()[:2]).replace("eGK ", "EGK_")
    return bytes.fromhex(
        BUFFERS.announced().hex()
        + "5F520C806605444573696D739621E0"
        + "D003040300"
        + "D210444567656D5F4E4F4E455F2020000001"
        + "D310444567656D434F535F53494D20000100"
        + f"D410{generation.ljust(13).encode('ascii').hex()}{_octets(system.version)}"
        + "D610444567656D5F4E4F4E455F2020010000"
        + "CF15"
        + "00" * 21
    )


# id-PACE-ECDH-GM-AES-CBC-CMAC-128, version 2, brainpoolP256r1.
_EF_CARD_ACCESS = bytes.fromhex("31143012060A04007F0007020204020202010202010D")
_EF_CIA_INFO = bytes.fromhex("3015020101030100A60D0C0B44494E2056203636323931")


def _version_2(card: Personalisation, system: ObjectSystem) -> bytes:
    """Fill rules, object system, product "TESTO" "TESTONLY" 01.00.00 (reference card.md 4.4)."""
    version = _octets(system.version)
    product = b"TESTOTESTONLY".hex() + "010000"
    return bytes.fromhex(f"EF2BC003020000C103{version}C210{product}C403010000C503020000C703010000")


Content = Callable[[Personalisation, ObjectSystem], bytes]


def _certificate(name: str) -> Content:
    return lambda card, system: card.certificate_for(name)


_CERTIFICATES = tuple(f"C.CH.{use}.{kind}" for kind in ("E256", "R2048") for use in ("AUT", "AUTN", "ENC", "ENCV"))
FILES: Mapping[str, Content] = {
    "EF.ATR": _atr,
    "EF.CardAccess": lambda card, system: _EF_CARD_ACCESS,
    "EF.C.CA_eGK.CS.E256": lambda card, system: card.pki.cv_issuer_certificate(CARDS_CA).to_bytes(),
    "EF.C.eGK.AUT_CVC.E256": lambda card, system: card.card_cv_certificate(),
    "EF.GDO": lambda card, system: tlv.encode(0x5A, bytes.fromhex(card.person.card.iccsn)),
    "EF.Version2": _version_2,
    "EF.PD": lambda card, system: vsd.personal_data(card.person),
    "EF.VD": lambda card, system: vsd.insurance_data(card.person, card.today),
    "EF.GVD": lambda card, system: vsd.protected_data(),
    "EF.StatusVD": lambda card, system: vsd.status(card.today),
    "EF.CIA_Info": lambda card, system: _EF_CIA_INFO,
    **{f"EF.{name}": _certificate(name) for name in _CERTIFICATES},
}


def _directory(card: Personalisation, system: ObjectSystem) -> tuple[bytes, ...]:
    """One record a folder: 61 { 4F AID } (reference card.md 4.2), those right below the root first."""
    folders = (system.root, *system.root.folders)
    nested = tuple(folder for folder in system.folders() if folder not in folders)
    return tuple(tlv.encode(0x61, tlv.encode(0x4F, folder.aid)) for folder in (*folders, *nested))


def _version(card: Personalisation, system: ObjectSystem) -> tuple[bytes, ...]:
    """Three times 4.0.0, as cards of generation 2 have it (reference card.md 4.4)."""
    return (*(bytes.fromhex("0040000000"),) * 3, bytes(5))


RECORDS: Mapping[str, Callable[[Personalisation, ObjectSystem], tuple[bytes, ...]]] = {
    "EF.DIR": _directory,
    "EF.Version": _version,
}
