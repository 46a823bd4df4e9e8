"""What stands beside the results in their folder: environment, categories and executor, as Allure reads them.

Formats: https://allurereport.org/docs/how-it-works-environment-file/, …-categories-file/, …-executor-file/.
Same input, same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

# First match wins, so the two catch-alls come last. The expressions match whole messages in Java (Allure 2) and
# parts of them in JavaScript (Allure 3); `[\s\S]*` at both ends makes them equal.
CATEGORIES: tuple[tuple[str, str, str | None], ...] = (
    ("Karte und PIN", "failed", r"SW=0x|\b63C[0-9A-F]\b|\b6983\b"),
    ("Verstoß gegen ein Protokoll", "failed", r"\bViolation\b"),
    ("Störung scharf, aber nie ausgelöst", "broken", r"never hit|unspent"),
    ("Prüfling weicht von den Regeln ab", "failed", None),
    ("Szenariodatei fehlerhaft", "broken", r"\.ya?ml:\d+"),
    ("Prüfstand oder Treiber fehlerhaft", "broken", None),
)


@dataclass(frozen=True, kw_only=True)
class Executor:
    """Who ran it: a CI job, or somebody's machine. Field names are Allure's, in its spelling on disk."""

    name: str = "pruefstand"
    type: str = "local"
    build_name: str = ""
    build_order: int = 0
    build_url: str = ""

    def as_json(self) -> dict[str, str | int]:
        """As `executor.json` wants it: camel case, without what is not known."""
        names = {"build_name": "buildName", "build_order": "buildOrder", "build_url": "buildUrl"}
        return {names.get(key, key): value for key, value in asdict(self).items() if value}


def write(results: Path, environment: Mapping[str, object], *, executor: Executor | None = None) -> tuple[Path, ...]:
    """Write `environment.properties` (in the order of the mapping), `categories.json` and `executor.json`.

    Makes the folder where it is not there yet, replaces the three files where they are. Returns their paths.
    """
    results.mkdir(parents=True, exist_ok=True)
    texts = {
        "environment.properties": properties(environment),
        "categories.json": _json([_category(*row) for row in CATEGORIES]),
        "executor.json": _json((executor or Executor()).as_json()),
    }
    for name, text in texts.items():
        (results / name).write_text(text, "utf-8", newline="\n")
    return tuple(results / name for name in texts)


def properties(values: Mapping[str, object]) -> str:
    """A Java properties file in pure ASCII: what does not fit is escaped (`java.util.Properties.load`)."""
    return "".join(f"{_escaped(key, key=True)}={_escaped(str(value))}\n" for key, value in values.items())


def _escaped(text: str, *, key: bool = False) -> str:
    special = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\f": "\\f"}
    if key:
        special |= {" ": "\\ ", "=": "\\=", ":": "\\:", "#": "\\#", "!": "\\!"}
    elif text.startswith(" "):
        text, lead = text[1:], "\\ "  # a leading space would be taken for part of the separator
        return lead + _escaped(text)
    return "".join(special.get(char) or (char if " " <= char <= "~" else _unicode(char)) for char in text)


def _unicode(char: str) -> str:
    """`\\uXXXX`, two of them beyond the basic plane."""
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i : i + 2].hex()}" for i in range(0, len(units), 2))


def _category(name: str, status: str, message: str | None) -> dict[str, object]:
    category: dict[str, object] = {"name": name, "matchedStatuses": [status]}
    if message is not None:
        category["messageRegex"] = rf"[\s\S]*(?:{message})[\s\S]*"
    return category


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"
