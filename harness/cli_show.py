"""Commands that show something: rules, which requirement is covered, the schema, people, how a text travels."""

from __future__ import annotations

import json
import sys
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from harness.cli_output import DEVIATES, OK, WRONG, errors, print_table
from harness.errors import BenchError

OUT = Path("reports/out")
SCENARIOS = Path("scenarios")
Seed = Annotated[int, typer.Option(min=0, help="seed of people, codes and keys")]


def rules(
    diagram: Annotated[bool, typer.Option("--diagram", help="the states as a diagram (Mermaid)")] = False,
    coverage: Annotated[bool, typer.Option("--coverage", help="which scenario stands for which requirement")] = False,
    missing: Annotated[
        bool, typer.Option("--missing", help="with --coverage: only the requirements that no scenario claims")
    ] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="the table in Markdown")] = False,
    scenarios: Annotated[Path, typer.Option(help="where the scenarios lie, for --coverage")] = SCENARIOS,
    out: Annotated[Path, typer.Option(help="where the last run's results lie, for --coverage")] = OUT,
) -> None:
    """Show the rules that every outcome is held against."""
    if coverage:
        raise typer.Exit(_coverage(scenarios, out, only_missing=missing, markdown=markdown))
    from harness import onboarding

    if diagram:
        print(onboarding.diagram())  # noqa: T201
        return
    columns = ("table", "action", "kind", "text", "requirements")
    rows = [(r.table, r.action, r.kind, r.text, ", ".join(r.requirements)) for r in onboarding.table_rows()]
    print_table("Rules", columns, rows, markdown=markdown)


def _coverage(scenarios: Path, out: Path, *, only_missing: bool, markdown: bool) -> int:
    from harness.report.coverage import coverage, touched_in
    from harness.scenario.load import load_all, scenario_files

    families, wrong = load_all(scenario_files([scenarios]))
    for error in wrong:
        errors().print(str(error), markup=False, highlight=False, soft_wrap=True)
    every = coverage(families, touched_in(out / "summary.json"))
    bare = [covered for covered in every if not covered.scenarios]
    shown = bare if only_missing else every
    rows = [(c.requirement.id, c.requirement.must, ", ".join(c.scenarios) or c.excuse or "MISSING") for c in shown]
    if rows:
        print_table("Requirements", ("id", "must", "scenarios"), rows, markdown=markdown)
    missing = sum(covered.is_missing for covered in every)
    touched = sum(covered.touched for covered in every)
    last = f", {touched} with rules that took part in the last run" if touched else ""
    print(f"{len(every) - len(bare)} of {len(every)} requirements are claimed by a scenario{last}; {missing} missing")  # noqa: T201
    return WRONG if wrong else DEVIATES if missing else OK


def schema(out: Annotated[Path | None, typer.Option(help="write it there instead of printing it")] = None) -> None:
    """The JSON Schema of scenario files, for editors."""
    from harness.scenario.schema import schema as made
    from harness.scenario.vocabulary import vocabulary

    text = json.dumps(made(vocabulary(SCENARIOS / "any.yaml")), ensure_ascii=False, indent=2) + "\n"
    if out is None:
        sys.stdout.write(text)
        return
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(text, encoding="utf-8")
    print(f"schema: {out}")  # noqa: T201


def people(
    persona: Annotated[str | None, typer.Argument(help="one persona (default: a list of all)")] = None,
    seed: Seed = 0,
    as_json: Annotated[bool, typer.Option("--json", help="as JSON")] = False,
) -> None:
    """Show who the people of the scenarios are. Fictitious, TEST ONLY."""
    from dataclasses import asdict

    from emulators.core.clock import DEFAULT_START
    from emulators.core.people import People, UnknownPersona
    from harness.scenario.vocabulary import vocabulary

    personas = vocabulary(SCENARIOS / "any.yaml").personas
    crowd = People(seed, DEFAULT_START.date(), personas)
    try:
        shown = {name: asdict(crowd.named(name)) for name in ([persona] if persona else personas)}
    except UnknownPersona as error:
        raise BenchError(str(error)) from error
    if as_json:
        wanted = shown[persona] if persona else shown
        sys.stdout.write(json.dumps(wanted, ensure_ascii=False, indent=2, default=_day) + "\n")
    elif persona:
        print_table(f"{persona} (TEST ONLY)", ("field", "value"), _flat(shown[persona]))
    else:
        rows = [
            (name, f"{p['given_names']} {p['family_name']}", _day(p["birth_date"]), p["kvnr"], p["address"]["land"])
            for name, p in shown.items()
        ]
        print_table("People (TEST ONLY)", ("persona", "name", "born", "KVNR", "Land"), rows)


def _flat(value: object, name: str = "") -> list[tuple[str, str]]:
    match value:
        case dict():
            return [row for key, part in value.items() for row in _flat(part, f"{name}.{key}" if name else str(key))]
        case list() | tuple():
            return [row for index, part in enumerate(value, 1) for row in _flat(part, f"{name}.{index}")]
        case None | "":
            return []
        case _:
            return [(name, str(value))]


def _day(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


def sms(
    text: Annotated[str, typer.Argument(help="the text of a short message")],
    as_json: Annotated[bool, typer.Option("--json", help="as JSON")] = False,
) -> None:
    """Show how a text travels by SMS: alphabet, segments in octets, and what makes it dearer than it need be."""
    from dataclasses import asdict

    from emulators.sms.inspector import inspect

    found = inspect(text)
    if as_json:
        names = ("number", "text", "hex", "units", "room")
        told = {
            "encoding": found.encoding.value,
            "units": found.units,
            "segments": [{name: getattr(segment, name) for name in names} for segment in found.segments],
            "offenders": [asdict(offender) for offender in found.offenders],
        }
        sys.stdout.write(json.dumps(told, ensure_ascii=False, indent=2) + "\n")
        return
    rows = [(str(s.number), f"{s.units} of {s.room}", s.text, s.hex) for s in found.segments]
    print_table(found.why, ("segment", "units", "text", "octets"), rows)
    if found.offenders:
        rows = [(o.char, o.name, str(o.position + 1), o.instead or "") for o in found.offenders]
        print_table("What is not in the GSM alphabet", ("character", "name", "first at", "instead"), rows)
