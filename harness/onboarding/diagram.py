"""The states of the onboarding, drawn from the tables that are in force: a Mermaid state diagram."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .engine import TABLES, refusals_of
from .seeing import FACETS
from .situation import DEVICE_REGIONS, REGIONS

_TITLES = {
    "account": "Benutzerkonto",
    "email": "E-Mail-Adresse",
    "mobile": "Handynummer",
    "tan": "smsTAN",
    "letter": "Aktivierungsbrief",
    "identity": "Identität",
    "release": "Freischaltung",
    "pin": "PIN",
    "setup": "Einrichtung",
    "record": "eCare",
    "binding": "Gerät",
    "barmer": "Sitzung Barmer-App",
    "ecare": "Sitzung eCare-App",
}

# Moves that the world makes, not an action: read from the journal (see `observing`).
_WORLD_MOVES = (
    ("identity", "running", "passed", "ident: SUCCESS", ("IDN-10",)),
    ("identity", "running", "refused", "ident: REJECTED, ABANDONED…", ("IDN-09", "IDN-08")),
    ("release", "none", "pending", "ident: SUCCESS", ("REL-01",)),
    ("release", "pending", "released", "insurer, within one working day", ("REL-01", "REL-02", "REL-05")),
    ("pin", "none", "sent", "post: PIN letter posted", ("REL-03",)),
    ("pin", "sent", "held", "post: PIN letter delivered", ("REL-03",)),
    ("tan", "sent", "undelivered", "sms: undelivered", ("TAN-07",)),
)


@dataclass(frozen=True, slots=True)
class RuleRow:
    """One line of the tables, for printing: the action, what it does or what refuses it, and by which ids."""

    table: str
    action: str
    kind: str  # refusal | effect | move | duty | visible
    text: str
    requirements: tuple[str, ...]


def table_rows() -> Iterator[RuleRow]:
    """Every row of every table, in order; the fields of the view at the end."""
    for table in TABLES:
        for action, rule in table.rules.items():
            yield RuleRow(table.title, action.verb, "effect", "accepted", rule.requirements)
            for refusal in refusals_of(rule):
                text = f"{refusal.reason} (tolerated)" if refusal.tolerated else refusal.reason
                yield RuleRow(table.title, action.verb, "refusal", text, refusal.requirements)
            for move in rule.moves:
                text = f"{move.region}: {' | '.join(move.before)} → {move.after}"
                yield RuleRow(table.title, action.verb, "move", text, move.requirements)
    for region, before, after, why, requirements in _WORLD_MOVES:
        yield RuleRow("Welt", why, "move", f"{region}: {before} → {after}", requirements)
    for facet in FACETS:
        yield RuleRow("Ansicht", facet.field, "visible", "as the states say", facet.requirements)


def diagram() -> str:
    """A Mermaid `stateDiagram-v2` with one composite state for each region."""
    lines = ["stateDiagram-v2"]
    for region, start in {**REGIONS, **DEVICE_REGIONS}.items():
        lines.append(f'    state "{_TITLES[region]}" as {region} {{')
        lines.append(f"        [*] --> {region}_{start}")
        arrows: dict[tuple[str, str], list[str]] = {}
        for before, after, label in _arrows(region):
            arrows.setdefault((before, after), []).append(label)
        names = sorted({name for pair in arrows for name in pair})
        lines += [f'        state "{name}" as {region}_{name}' for name in names]
        for (before, after), labels in arrows.items():
            lines.append(f"        {region}_{before} --> {region}_{after} : {', '.join(dict.fromkeys(labels))}")
        lines.append("    }")
    return "\n".join(lines) + "\n"


def _arrows(region: str) -> Iterator[tuple[str, str, str]]:
    for table in TABLES:
        for action, rule in table.rules.items():
            for move in rule.moves:
                if move.region == region:
                    for before in move.before:
                        yield before, move.after, action.verb
    for name, before, after, why, _ in _WORLD_MOVES:
        if name == region:
            yield before, after, why
