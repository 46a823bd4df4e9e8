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


def spoken(value: object) -> object:
    if isinstance(value, tuple):
        return ", ".join(str(spoken(v)) for v in value)
    return _SPOKEN.get(value, value) if isinstance(value, str | bool) else value
