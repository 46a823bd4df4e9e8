"""The 94 statements that everything is measured by, read from the file beside this module."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from types import MappingProxyType

import yaml


@dataclass(frozen=True, slots=True)
class Requirement:
    """One statement: what a conforming system does, what a wrong one does, and whether the value is ours."""

    id: str
    section: str
    must: str
    wrong: str
    assumed: bool = False

    @property
    def group(self) -> str:
        return self.id.partition("-")[0]


def _read() -> tuple[Mapping[str, Requirement], Mapping[str, str]]:
    text = files("harness.onboarding").joinpath("requirements.yaml").read_text(encoding="utf-8")
    raw = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    requirements = (Requirement(**fields) for fields in raw["requirements"])
    return MappingProxyType({r.id: r for r in requirements}), MappingProxyType(raw["sections"])


REQUIREMENTS, SECTIONS = _read()

# The groups of ids, as a report names them.
GROUPS: Mapping[str, str] = MappingProxyType(
    {
        "DEV": "Geräte-Voraussetzungen",
        "APP": "Apps und Gerätebindung",
        "UPD": "Benutzerkonto aktualisieren",
        "NEW": "Benutzerkonto erstellen",
        "TAN": "smsTAN",
        "PST": "Aktivierungsbrief",
        "BIO": "Entsperren per Biometrie",
        "IDN": "Digitale Identitätsprüfung",
        "BRN": "Geschäftsstelle",
        "REL": "Freischaltung und PIN-Brief",
        "SET": "eCare einrichten",
        "KEY": "Wiederherstellung",
        "EGK": "Anmelden mit Gesundheitskarte",
        "NOA": "eCare ohne App",
        "SWI": "Wechsel zwischen Praxis und App",
        "FAM": "Familie und Stellvertretung",
    }
)
