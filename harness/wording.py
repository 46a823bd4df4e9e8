"""The German words for the values of actions, as sentences in reports use them."""

from __future__ import annotations

from collections.abc import Mapping

WHO: Mapping[str, str] = {"guardian": "Stellvertreter", "stranger": "fremde Person"}
WHERE: Mapping[str, str] = {
    "first": "",
    "second": " [zweites Gerät]",
    "guardian": " [Gerät des Stellvertreters]",
    "stranger": " [Gerät der fremden Person]",
}
# Fields that an action's sentence does not speak of unless they are other than usual.
FIELDS: Mapping[str, str] = {
    "given_names": "Vorname",
    "family_name": "Nachname",
    "birth_date": "Geburtsdatum",
    "kvnr": "Versichertennummer",
    "user_name": "Benutzername",
    "password": "Passwort",
    "repeat": "Wiederholung",
    "mobile": "Handynummer",
    "weak_password": "schwaches Passwort",
    "face": "im Bild",
    "card": "Gesundheitskarte",
}
_SPOKEN: Mapping[object, str] = {
    True: "ja",
    False: "nein",
    "barmer": "Barmer-App",
    "ecare": "eCare-App",
    "front": "Vorderseite",
    "back": "Rückseite",
    "identity_card": "Personalausweis",
    "passport": "Reisepass",
    "own": "eigene Angabe",
    "wrong": "falsche Angabe",
    "none": "keine",
    "fingerprint": "Fingerabdruck",
    "face": "Gesichtserkennung",
    "account": "Benutzerkonto",
    "card": "Gesundheitskarte",
    "from-sms": "aus der SMS",
    "from-flash": "aus der nur angezeigten SMS",
    "tagged": "eigene Adresse mit Zusatz nach dem Pluszeichen",
    "landline": "Festnetznummer",
    "first-sms": "aus der ersten SMS",
    "first-mail": "aus der ersten E-Mail",
    "first-letter": "aus dem ersten Brief",
    "auto": "automatisch übernommen",
    "from-letter": "aus dem Brief",
    "from-letter-qr": "aus dem QR-Code des Briefes",
    "strayed-letter": "aus dem fehlgeleiteten Brief",
    "from-persons-letter": "aus dem Brief der versicherten Person",
    "from-mail": "aus der E-Mail",
    "from-app": "aus der Barmer-App",
    "first-shown": "der zuerst angezeigte",
    "last-shown": "der zuletzt angezeigte",
    "memory_card": "Speicherkarte",
    "other_device": "anderes Gerät",
    "this_device": "dieses Gerät",
    "verify": "Identität prüfen",
    "create_record": "eCare ohne App anlegen",
    "entitled": "wer sich ausweisen muss",
    "shown": "wie angezeigt",
    "saved": "wie gespeichert",
    "expired": "abgelaufen",
    "revoked": "gesperrt",
    "foreign": "von fremder Stelle",
    "copied": "Kopie ohne Schlüssel",
    "top": "oben",
    "middle": "in der Mitte",
    "bottom": "unten",
    "": "leer",
    "person": "eigene",
    "guardian": "Stellvertreter",
    "stranger": "fremde Person",
    "first": "erstes Gerät",
    "second": "zweites Gerät",
    "full": "kräftig",
    "little": "zu wenig",
    "free": "frei",
    "rehearsed": "einstudiert",
}


def of_whom(by: str, on: str) -> str:
    """Who does or sees it, and where, unless it is the person on the first device."""
    return ("" if by == "person" else f" [{WHO[by]}]") + WHERE[on]


def spoken(value: object) -> object:
    if isinstance(value, tuple):
        return ", ".join(str(spoken(v)) for v in value)
    return _SPOKEN.get(value, value) if isinstance(value, str | bool) else value
