"""All names that a scenario file may use, gathered from where each is declared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import get_args

from emulators.core.faults import Fault
from emulators.core.personas import PERSONAS, Persona, load_personas
from emulators.core.workdays import LAENDER
from emulators.phone.catalogue import DEVICE_CLASSES, devices
from emulators.phone.phone import Settings
from emulators.post.faults import Reason
from emulators.world import guests
from harness.actions import ACTIONS, Action
from harness.errors import BenchError
from harness.names import PERSONAS_FILE, SCENARIOS_FOLDER
from harness.onboarding import REQUIREMENTS, RULES
from harness.onboarding.engine import refusals_of

from .paths import PATHS, Composition

# Where the faults of each emulator are kept; light to import, other than the emulators themselves.
_FAULTS_IN = {name: f"emulators.{name}.faults" for name in ("sms", "mail", "post", "ident", "branch", "phone", "card")}
_FAULTS_IN["ble"] = "emulators.card.ble.faults"

# What a person can see (harness.drivers.View) and find in the world; `int` stands for a number, `str` for any text,
# `tuple` for a list of words, else the words that can be expected.
_CREDENTIAL = ("none", "unconfirmed", "confirmed")
_SESSION = ("closed", "open")
_IN_THE_WORLD = ("empty", int)
EXPECTED: Mapping[str, tuple[str | type, ...]] = MappingProxyType(
    {
        "account": ("none", "pending", "active"),
        "email": _CREDENTIAL,
        "mobile": _CREDENTIAL,
        "tan": ("none", "sent", "undelivered"),
        "device": ("unbound", "bound", "released"),
        "devices": (int,),
        "identity": ("none", "running", "passed", "refused"),
        "release": ("none", "pending", "released"),
        "record": ("none", "setting_up", "ready", "without_app"),
        "ecare": ("closed", "limited", "open"),
        "barmer": _SESSION,
        "login": ("none", "account", "card"),
        "login_offers": (tuple,),  # of the words in LISTED, as are the next two
        "unlock_offers": (tuple,),
        "messages": (tuple,),
        "release_code": (str,),
        "recovery_key": (str,),
        "letterbox": _IN_THE_WORLD,
        "sms": _IN_THE_WORLD,
        "mails": _IN_THE_WORLD,
        "spam": _IN_THE_WORLD,
    }
)

# What a list of words can hold.
LISTED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"login_offers": ("account", "card"), "unlock_offers": ("fingerprint", "face"), "messages": ("released",)}
)

# The choices that a path can be given, besides `person` and `device`.
CHOICES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "account": ("create", "update"),
        "identity": ("nect", "branch"),
        "document": ("identity_card", "passport"),
        "recovery_key": ("memory_card", "other_device"),
        "device_class": tuple(DEVICE_CLASSES),
        "tan": ("auto", "manual"),
        "unlock": ("none", "fingerprint", "face"),
        "login": ("account", "card"),
        "card": ("nfc", "no_nfc"),
        "return_reason": get_args(Reason),
    }
)
# Choices that decide in which world a row is played, whatever its steps.
OF_THE_WORLD = frozenset({"person", "device", "device_class", "card"})


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The names, and what each stands for. Personas depend on where the file lies: its folder may add some."""

    faults: Mapping[str, Mapping[str, type[Fault]]]
    personas: Mapping[str, Persona]
    devices: tuple[str, ...]
    paths: Mapping[str, Composition]

    verbs = MappingProxyType(ACTIONS)
    requirements = REQUIREMENTS
    laender = LAENDER
    phone_settings = tuple(Settings.model_fields)
    choices = CHOICES
    expected = EXPECTED
    listed = LISTED

    @staticmethod
    def reasons(action: Action) -> tuple[str, ...]:
        """All that the rules know to refuse that action with."""
        return tuple(dict.fromkeys(row.reason for row in refusals_of(RULES[type(action)], action)))


def vocabulary(file: Path) -> Vocabulary:
    """The names that `file` may use. Raises `BenchError` if the `personas.yaml` nearest to it cannot be read."""
    return _vocabulary(personas_file(file))


def personas_file(file: Path) -> Path | None:
    """The nearest `personas.yaml` beside or above the file, not above a folder `scenarios`."""
    for folder in file.resolve().parents:
        if (candidate := folder / PERSONAS_FILE).is_file():
            return candidate
        if folder.name == SCENARIOS_FOLDER:
            return None
    return None


@cache
def _vocabulary(personas: Path | None) -> Vocabulary:
    try:
        own = load_personas(personas) if personas else {}
    except (ValueError, OSError) as error:
        raise BenchError(str(error)) from error
    return Vocabulary(
        faults=_faults(),
        personas=MappingProxyType({**PERSONAS, **own}),
        devices=(*DEVICE_CLASSES, *devices()),
        paths=PATHS,
    )


@cache
def _faults() -> Mapping[str, Mapping[str, type[Fault]]]:
    own = {name: import_module(module).FAULTS for name, module in _FAULTS_IN.items()}
    return MappingProxyType({**own, **{name: guest.faults for name, guest in guests().items()}})
