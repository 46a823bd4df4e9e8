"""What a run leaves behind, as a person wants to read it: letters, messages, mails, card commands, a failure card.

All of it is made from the journal, but for the pictures of letters, which show the sheets themselves. People, codes
and keys are those of a simulated world, so nothing is hidden but PIN and CAN of a card that was lent: it is a real one.
"""

from __future__ import annotations

import csv
import html
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from emulators.core.journal import Entry
from harness.onboarding.catalogue import REQUIREMENTS
from harness.telling import outcome_told

if TYPE_CHECKING:
    from harness.runner import Run, StepRecord

TEST_ONLY = "TEST ONLY – simulierte Welt"


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of evidence. `kind` is its media type; a picture's `body` is bytes, any other's text."""

    name: str
    kind: str
    body: str | bytes
    extension: str


def pieces(run: Run, replay: str) -> list[Piece]:
    """Everything there is about a run; empty kinds are left out."""
    entries = run.journal.entries
    found = [
        Piece("Journal", "application/jsonl", run.journal.to_jsonl(), "jsonl"),
        Piece("Briefe", "text/plain", letters(entries), "txt"),
        *(Piece(picture.name, "image/png", picture.png, "png") for picture in run.pictures()),
        Piece("SMS", "text/plain", messages(entries), "txt"),
        Piece("E-Mails", "text/plain", mails(entries), "txt"),
        Piece("Kartenkommandos", "text/csv", apdus(entries), "csv"),
    ]
    if run.failure is not None:
        found.insert(0, Piece("Befund", "text/html", failure_card(run, replay), "html"))
    return [_withheld(piece, run.secrets) for piece in found if piece.body]


def _withheld(piece: Piece, secrets: Iterable[str]) -> Piece:
    return replace(piece, body=withheld(piece.body, secrets)) if isinstance(piece.body, str) else piece


def withheld(text: str, secrets: Iterable[str]) -> str:
    """The text without these digits, also where they stand in a command in hex, as the PIN in VERIFY does."""
    for secret in secrets:
        text = text.replace(secret, "*" * len(secret))
    return text


def line(entry: Entry) -> str:
    """One journal entry on one line: `23.03. 09:00:00  post posted  letter_id=…`."""
    data = "  ".join(f"{key}={_short(value)}" for key, value in entry.data.items())
    fault = f"  [Störung {entry.cause.fault}]" if entry.cause.fault else ""
    return f"{entry.at:%d.%m. %H:%M:%S}  {entry.channel} {entry.event}  {data}{fault}".rstrip()


def letters(entries: Iterable[Entry]) -> str:
    """All letters that were posted, page by page, and what became of them."""
    return _told(entries, "post", "posted", "letter_id", lambda data: [*data.get("recipient", ()), "", *data["pages"]])


def messages(entries: Iterable[Entry]) -> str:
    """All SMS that were handed in, and what became of them."""
    return _told(entries, "sms", "submitted", "sid", lambda data: [f"An {data.get('to')}:", str(data.get("body", ""))])


def mails(entries: Iterable[Entry]) -> str:
    """All mails that were accepted, and what became of them."""
    return _told(
        entries,
        "mail",
        "accepted",
        "id",
        lambda data: [f"An {', '.join(data['to'])}: {data.get('subject', '')}", *map(str, data.get("links", ()))],
    )


def _told(entries: Iterable[Entry], channel: str, began: str, key: str, body: Any) -> str:
    """Each thing from its first event on, with the later events of the same `key` below it."""
    things: dict[object, list[str]] = {}
    for entry in entries:
        if entry.channel != channel or key not in entry.data:
            continue
        told = things.setdefault(entry.data[key], [])
        told.append(
            f"{entry.at:%d.%m.%Y %H:%M}  {entry.event}" + (f"  ({entry.cause.fault})" if entry.cause.fault else "")
        )
        if entry.event == began:
            told.extend(f"    {text}" for part in body(entry.data) for text in str(part).splitlines() or [""])
    return f"{'-' * 72}\n".join("\n".join(told) + "\n" for told in things.values())


def apdus(entries: Iterable[Entry]) -> str:
    """Every command to a card with its answer, as a table (CSV)."""
    exchanged = [entry for entry in entries if entry.channel == "card" and entry.event == "apdu"]
    if not exchanged:
        return ""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(("Zeit", "Schritt", "Kommando", "Status", "gesendet", "empfangen"))
    for entry in exchanged:
        data = entry.data
        rows.writerow(
            (f"{entry.at:%H:%M:%S}", entry.cause.step, *(data.get(name, "") for name in ("name", "sw", "c", "r")))
        )
    return text.getvalue()


def failure_card(run: Run, replay: str) -> str:
    """One page: what was required, what was seen, and how to see it again (HTML without scripts)."""
    step = next((record for record in reversed(run.steps) if record.status in ("failed", "broken")), None)
    found = [text for text in str(run.failure).splitlines() if not text.lstrip().startswith("replay:")]
    rows: dict[str, str] = {"Szenario": run.row.title, "Befund": "\n".join(found)}
    if step is not None:
        rows["Schritt"] = f"{step.number} von {step.total}: {step.title}"
        rows["Zeit in der Welt"] = f"{step.began:%d.%m.%Y %H:%M}"
        if step.predicted is not None:
            rows["verlangt"] = f"{outcome_told(step.predicted.outcome)} ({', '.join(step.predicted.requirements)})"
        if step.outcome is not None:
            rows["beobachtet"] = outcome_told(step.outcome)
    rows["noch einmal"] = replay
    cells = "".join(f"<tr><th>{html.escape(k)}</th><td><pre>{html.escape(v)}</pre></td></tr>" for k, v in rows.items())
    duties = "".join(f"<li><b>{name}</b> {html.escape(text)}</li>" for name, text in _duties(run, step).items())
    style = "th{text-align:left;vertical-align:top;padding-right:1em}pre{margin:0;white-space:pre-wrap}"
    return (
        f'<!doctype html><html lang="de"><meta charset="utf-8"><style>{style}</style>'
        f"<table>{cells}</table><ul>{duties}</ul><p>{TEST_ONLY}</p></html>\n"
    )


def _duties(run: Run, step: StepRecord | None) -> Mapping[str, str]:
    predicted = step.predicted.requirements if step is not None and step.predicted is not None else ()
    names = predicted or run.row.scenario.requirements
    return {name: REQUIREMENTS[name].must for name in names if name in REQUIREMENTS}


def _short(value: object, most: int = 120) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= most else text[: most - 1] + "…"
