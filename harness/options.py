"""The options of the pytest plugin, and what it is told by the environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.names import COVERS

DEFAULTS = {"seed": 0, "cover": None, "driver": "reference", "evidence": "failed", "sockets": False}

CAN_VARIABLE, PIN_VARIABLE = "PRUEFSTAND_CARD_CAN", "PRUEFSTAND_CARD_PIN"
CARD_HELP = f"pcsc:READER or ble:NAME, its CAN and PIN in {CAN_VARIABLE} and {PIN_VARIABLE}"


def add_to(parser: pytest.Parser) -> None:
    group = parser.getgroup("pruefstand", "Prüfstand: scenarios")
    group.addoption("--seed", type=int, default=DEFAULTS["seed"], help="seed of people, codes and keys (default: 0)")
    group.addoption(
        "--cover", choices=COVERS, default=DEFAULTS["cover"], help="how much of each family of paths is run"
    )
    group.addoption("--driver", default=DEFAULTS["driver"], help="the system under test (default: reference)")
    group.addoption(
        "--evidence", choices=("failed", "all"), default=DEFAULTS["evidence"], help="whose evidence the report keeps"
    )
    group.addoption("--sockets", action="store_true", help="open the doors of the world on real sockets")
    group.addoption("--card", metavar="ADDRESS", help=f"a card in a reader in place of the emulated one: {CARD_HELP}")
    group.addoption("--card-ca", type=Path, metavar="PEM", help="who vouches for that card, beside the test PKI")
    group.addoption("--summary", type=Path, metavar="FILE", help="write the result of the scenarios as JSON")
