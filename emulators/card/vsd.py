"""The insured person's data as they lie in EF.PD, EF.VD and EF.GVD: XML in the element names of the VSDM schema 5.2,
in ISO 8859-15, zipped, behind lengths and offsets (reference card.md 4.6). TEST ONLY."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from datetime import date, timedelta
from xml.sax.saxutils import escape

from emulators.core.person import Person

_NAMESPACE = "http://ws.gematik.de/fa/vsdm/vsd/v5.2"
_MEMBER, _FAMILY = "1", "3"
# Regions of the associations of statutory health insurance physicians (WOP), by Land; North Rhine for NW.
_WOP = {
    "BW": "52", "BY": "71", "BE": "72", "BB": "83", "HB": "03", "HH": "02", "HE": "46", "MV": "78", "NI": "17",
    "NW": "38", "RP": "51", "SL": "73", "SN": "98", "ST": "88", "SH": "01", "TH": "93",
}  # fmt: skip


def personal_data(person: Person) -> bytes:
    """EF.PD: two octets of length, then the zipped XML."""
    address = person.address
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
    return _with_length(_packed("UC_PersoenlicheVersichertendatenXML", body))


def insurance_data(person: Person, today: date) -> bytes:
    """EF.VD: start and end (inclusive) of the general and of the protected data, then both, zipped."""
    insurer = {"Kostentraegerkennung": person.ik, "Kostentraegerlaendercode": "D", "Name": "Musterkasse TEST ONLY"}
    begin = today - timedelta(days=365)
    kind = _FAMILY if person.guardian is not None else _MEMBER
    extra = (
        f"<Zusatzinfos><ZusatzinfosGKV><Versichertenart>{kind}</Versichertenart><Zusatzinfos_Abrechnung_GKV>"
        f"<WOP>{_WOP.get(person.address.land, '38')}</WOP></Zusatzinfos_Abrechnung_GKV></ZusatzinfosGKV></Zusatzinfos>"
    )
    body = (
        f"<Versicherter><Versicherungsschutz><Beginn>{begin:%Y%m%d}</Beginn>"
        f"<Kostentraeger>{_elements(insurer)}</Kostentraeger></Versicherungsschutz>{extra}</Versicherter>"
    )
    general, protected = _packed("UC_AllgemeineVersicherungsdatenXML", body), _protected()
    first, second = 8, 8 + len(general)
    offsets = (first, second - 1, second, second + len(protected) - 1)
    return b"".join(offset.to_bytes(2, "big") for offset in offsets) + general + protected


def protected_data() -> bytes:
    """EF.GVD: two octets of length, then the zipped XML."""
    return _with_length(_protected())


def status(today: date) -> bytes:
    """EF.StatusVD: consistent, time of the last update, versions of XML 5.2.0 and of the storage 3.0.4."""
    return f"0{today:%Y%m%d}000000".encode("ascii") + bytes.fromhex("0050020000" + "0030000004")


def _protected() -> bytes:
    body = (
        "<Zuzahlungsstatus><Status>0</Status></Zuzahlungsstatus>"
        "<Selektivvertraege><Aerztlich>9</Aerztlich><Zahnaerztlich>9</Zahnaerztlich></Selektivvertraege>"
    )
    return _packed("UC_GeschuetzteVersichertendatenXML", body)


def _with_length(packed: bytes) -> bytes:
    return len(packed).to_bytes(2, "big") + packed


def _elements(fields: Mapping[str, str]) -> str:
    return "".join(f"<{name}>{escape(text)}</{name}>" for name, text in fields.items() if text)


def _packed(root: str, body: str) -> bytes:
    xml = (
        '<?xml version="1.0" encoding="ISO-8859-15"?>'
        f'<{root} xmlns="{_NAMESPACE}" CDM_VERSION="5.2.0"><!-- TEST ONLY -->{body}</{root}>'
    )
    # The encoding of the schema has no room for every name; what it lacks becomes a character reference.
    return gzip.compress(xml.encode("iso8859-15", "xmlcharrefreplace"), mtime=0)
