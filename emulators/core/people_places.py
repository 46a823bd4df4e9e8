"""Where people live: real postcodes with their city and Land, in streets that exist nowhere."""

from __future__ import annotations

from random import Random

from .person import Address

# Postcode, city, Land. At least one for each of the sixteen Länder, for their public holidays differ.
PLACES: tuple[tuple[str, str, str], ...] = (
    ("01067", "Dresden", "SN"),
    ("04109", "Leipzig", "SN"),
    ("10115", "Berlin", "BE"),
    ("14467", "Potsdam", "BB"),
    ("19053", "Schwerin", "MV"),
    ("20095", "Hamburg", "HH"),
    ("24103", "Kiel", "SH"),
    ("28195", "Bremen", "HB"),
    ("30159", "Hannover", "NI"),
    ("38100", "Braunschweig", "NI"),
    ("39104", "Magdeburg", "ST"),
    ("40213", "Düsseldorf", "NW"),
    ("42103", "Wuppertal", "NW"),
    ("50667", "Köln", "NW"),
    ("55116", "Mainz", "RP"),
    ("60311", "Frankfurt am Main", "HE"),
    ("65183", "Wiesbaden", "HE"),
    ("66111", "Saarbrücken", "SL"),
    ("70173", "Stuttgart", "BW"),
    ("76133", "Karlsruhe", "BW"),
    ("80331", "München", "BY"),
    ("90402", "Nürnberg", "BY"),
    ("99084", "Erfurt", "TH"),
)
STREETS = ("Musterstraße", "Beispielweg", "Prüfgasse", "Probeallee", "Am Prüfstand", "Testplatz", "Übungsring")


def draw_address(random: Random, land: str | None = None) -> Address:
    """An address, in `land` if one is given. Raises `ValueError` for a Land that does not exist."""
    places = [place for place in PLACES if land in (None, place[2])]
    if not places:
        raise ValueError(f"no Land '{land}'; known: {', '.join(sorted({place[2] for place in PLACES}))}")
    postcode, city, there = random.choice(places)
    number = f"{random.randint(1, 199)}{random.choice(('', '', '', 'a', 'b'))}"
    return Address(random.choice(STREETS), number, postcode, city, there)
