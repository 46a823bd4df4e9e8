"""What makes a blank card the card of a person: file contents, key, certificate. All TEST ONLY."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from xml.sax.saxutils import escape

from cryptography.hazmat.primitives.asymmetric import ec

from emulators.core.person import Person

from . import tlv
from .object_system import ObjectSystem
from .passwords import TransportState
from .pki import CARD_VALIDITY, CardPki, Variant, private_key

__all__ = ["FILES", "RECORDS", "Personalisation", "TransportState"]

_VSD = "http://ws.gematik.de/fa/vsdm/vsd/v5.2"


@dataclass(frozen=True)
class Personalisation:
    """A person, the day the card was made, and the PKI behind it. Key and certificate are made on first use."""

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
        key = self.private_key if self.variant is not Variant.CLONED else private_key(self._label("card"))
        expired = self.variant is Variant.EXPIRED
        begin = self.today - CARD_VALIDITY if expired else self.today
        return self.pki.issue_card_certificate(
            self.person, key.public_key(), begin, foreign=self.variant is Variant.FOREIGN
        )

    def _label(self, role: str) -> str:
        return f"TEST-ONLY/{self.seed}/{self.person.card.iccsn}/{role}"


def _gdo(card: Personalisation) -> bytes:
    return tlv.encode(0x5A, bytes.fromhex(card.person.card.iccsn))


def _status_vd(card: Personalisation) -> bytes:
    """Status, time of the last update, versions of XML 5.2.0 and of the storage 3.0.4 (reference card.md 4.5)."""
    return f"0{card.today:%Y%m%d}000000".encode("ascii") + bytes.fromhex("0050020000" + "0030000004")


def _personal_data(card: Personalisation) -> bytes:
    """Two octets of length, then gzip of the XML (reference card.md 4.6)."""
    person, address = card.person, card.person.address
    fields = {
        "Geburtsdatum": f"{person.birth_date:%Y%m%d}",
        "Vorname": person.given_names,
        "Nachname": person.family_name,
        "Geschlecht": person.sex,
        "Titel": person.title,
    }
    place = {"Postleitzahl": address.postcode, "Ort": address.city}
    street = {"Strasse": address.street, "Hausnummer": address.house_number}
    country = "<Land><Wohnsitzlaendercode>D</Wohnsitzlaendercode></Land>"
    body = (
        f"<Versicherter><Versicherten_ID>{escape(person.kvnr)}</Versicherten_ID><Person>{_elements(fields)}"
        f"<StrassenAdresse>{_elements(place)}{country}{_elements(street)}</StrassenAdresse></Person></Versicherter>"
    )
    packed = _packed("UC_PersoenlicheVersichertendatenXML", body)
    return len(packed).to_bytes(2, "big") + packed


def _insurance_data(card: Personalisation) -> bytes:
    """Four offsets (start and end of VD, then of GVD, absent here: FFFF), then gzip (reference card.md 4.6)."""
    insurer = {"Kostentraegerkennung": card.person.ik, "Kostentraegerlaendercode": "D", "Name": "Musterkasse TEST ONLY"}
    begin = card.today - timedelta(days=365)
    body = (
        f"<Versicherter><Versicherungsschutz><Beginn>{begin:%Y%m%d}</Beginn>"
        f"<Kostentraeger>{_elements(insurer)}</Kostentraeger></Versicherungsschutz></Versicherter>"
    )
    packed = _packed("UC_AllgemeineVersicherungsdatenXML", body)
    return b"\x00\x08" + (7 + len(packed)).to_bytes(2, "big") + b"\xff" * 4 + packed


def _elements(fields: Mapping[str, str]) -> str:
    return "".join(f"<{name}>{escape(text)}</{name}>" for name, text in fields.items() if text)


def _packed(root: str, body: str) -> bytes:
    xml = (
        '<?xml version="1.0" encoding="ISO-8859-15"?>'
        f'<{root} xmlns="{_VSD}" CDM_VERSION="5.2.0"><!-- TEST ONLY -->{body}</{root}>'
    )
    # The encoding of the schema has no room for every name; what it lacks becomes a character reference.
    return gzip.compress(xml.encode("iso8859-15", "xmlcharrefreplace"), mtime=0)


_BUFFERS = "E011" + "02020809" + "0203008000" + "02020809" + "02020809"
_EF_ATR = bytes.fromhex(
    _BUFFERS
    + "5F520C806605444573696D739621E0"
    + "D003040300"
    + "D210444567656D5F4E4F4E455F2020000001"
    + "D310444567656D434F535F53494D20000100"
    + "D41045474B5F47322E312020202020040502"
    + "D610444567656D5F4E4F4E455F2020010000"
    + "CF15"
    + "00" * 21
)
# Product "TESTO" "TESTONLY" 01.00.00; object system 04.05.02.
_EF_VERSION2 = bytes.fromhex(
    "EF2BC003020000C103040502C210" + b"TESTOTESTONLY".hex() + "010000C403010000C503020000C703010000"
)
# id-PACE-ECDH-GM-AES-CBC-CMAC-128, version 2, brainpoolP256r1.
_EF_CARD_ACCESS = bytes.fromhex("31143012060A04007F0007020204020202010202010D")

FILES: Mapping[str, Callable[[Personalisation], bytes]] = {
    "EF.ATR": lambda card: _EF_ATR,
    "EF.CardAccess": lambda card: _EF_CARD_ACCESS,
    "EF.GDO": _gdo,
    "EF.Version2": lambda card: _EF_VERSION2,
    "EF.PD": _personal_data,
    "EF.VD": _insurance_data,
    "EF.StatusVD": _status_vd,
    "EF.C.CH.AUT.E256": lambda card: card.certificate,
}


def _directory(system: ObjectSystem) -> tuple[bytes, ...]:
    """One record a folder: 61 { 4F AID } (reference card.md 4.2)."""
    return tuple(tlv.encode(0x61, tlv.encode(0x4F, folder.aid)) for folder in (system.root, *system.root.folders))


RECORDS: Mapping[str, Callable[[ObjectSystem], tuple[bytes, ...]]] = {"EF.DIR": _directory}
