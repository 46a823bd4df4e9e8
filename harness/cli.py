"""The command line. Exit codes: 0 all as required, 1 the system under test deviates, 2 bench or file is wrong."""

from __future__ import annotations

import io
import json
import sys
import traceback
from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from importlib.metadata import version as version_of
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from harness.cli_card import card
from harness.cli_serve import serve
from harness.errors import BenchError

if TYPE_CHECKING:
    from harness.replay import Replay
    from harness.scenario.matrix import Family

OK, DEVIATES, WRONG = 0, 1, 2
OUT = Path("reports/out")
SCENARIOS = Path("scenarios")
LOG_WIDTH = 110  # of tables where the output is no terminal

app = typer.Typer(
    name="pruefstand",
    help="Prüfstand: a test bench for the onboarding of a German electronic patient record.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(card)
app.command()(serve)


class CoverWord(StrEnum):
    """How much of each family of paths is run."""

    PAIRWISE = "pairwise"
    THREE_WISE = "three-wise"
    ALL = "all"


class EvidenceWord(StrEnum):
    """Whose evidence the report keeps."""

    FAILED = "failed"
    ALL = "all"


Seed = Annotated[int, typer.Option(help="seed of people, codes and keys")]


@app.command()
def run(
    paths: Annotated[list[str] | None, typer.Argument(help="files, folders or file::row (default: scenarios)")] = None,
    cover: Annotated[CoverWord | None, typer.Option(help="how much of each family of paths")] = None,
    driver: Annotated[str, typer.Option(help="the system under test")] = "reference",
    seed: Seed = 0,
    workers: Annotated[int, typer.Option(min=0, help="processes; 0: this one alone")] = 0,
    evidence: Annotated[EvidenceWord, typer.Option(help="whose evidence the report keeps")] = EvidenceWord.FAILED,
    html: Annotated[bool, typer.Option("--html/--no-html", help="build the HTML report")] = True,
    out: Annotated[Path, typer.Option(help="where results and report go")] = OUT,
    sockets: Annotated[bool, typer.Option("--sockets", help="open the doors of the world on real sockets")] = False,
    card: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="a card in a reader: pcsc:READER or ble:NAME")
    ] = None,
    card_ca: Annotated[Path | None, typer.Option(help="PEM file of who vouches for that card")] = None,
) -> None:
    """Replay scenarios, build the Allure report, print where it is, the result table and the verdict."""
    from harness.drivers import DRIVERS
    from harness.replay import Replay

    if driver not in DRIVERS.names():
        raise BenchError(f"no driver '{driver}'; known: {', '.join(DRIVERS.names())}")
    chosen = paths or [str(SCENARIOS)]
    for path in chosen:
        if not Path(path.partition("::")[0]).exists():
            raise BenchError(f"there is no {path.partition('::')[0]}")
    options = ["--driver", driver, "--seed", str(seed), "--evidence", evidence.value]
    options += ["--cover", cover.value] if cover else []
    options += ["-n", str(workers)] if workers else []
    options += ["--sockets"] if sockets else []
    options += ["--card", card] if card else []
    options += ["--card-ca", str(card_ca)] if card_ca else []
    print(f"replaying {', '.join(chosen)} against the driver '{driver}', seed {seed}", flush=True)  # noqa: T201
    about = {"driver": driver, "seed": seed, "cover": cover.value if cover else "as in each file"}
    replay = Replay(out, {**about, "card": card} if card else about)
    code = replay.play(chosen, options)
    if html and replay.played:
        code = _built(replay, code)
    _end(code, replay.verdict)


def _built(replay: Replay, code: int) -> int:
    """Build the report; without one a run that is all right is not, any other keeps its exit code."""
    from harness.report.generator import ReportError

    print("building the report", flush=True)  # noqa: T201
    try:
        index = replay.report()
    except (ReportError, AssertionError) as error:
        _errors().print(f"REPORT NOT BUILT: {error}", style="red", markup=False)
        return code or WRONG
    print(f"report: {index}")  # noqa: T201
    return code


def _end(code: int, sentence: str) -> None:
    word = {OK: "PASSED", DEVIATES: "FAILED"}.get(code, "BROKEN")
    print(f"VERDICT: {word}: {sentence}")  # noqa: T201
    raise typer.Exit(code)


@app.command()
def check(
    files: Annotated[list[Path], typer.Argument(help="scenario files or folders")],
    prose: Annotated[bool, typer.Option("--prose", help="tell each scenario in German sentences")] = False,
) -> None:
    """Check scenario files without playing them."""
    from harness.scenario.load import scenario_files

    out, wrong = _console(), False
    found = scenario_files(files)
    if not found:
        raise BenchError(f"no scenario files (*.yaml) in {', '.join(map(str, files))}")
    families, errors = _families(found)
    for error in errors:
        _errors().print(str(error), markup=False, highlight=False, soft_wrap=True)
        wrong = True
    for family in families:
        drafts = family.drafts()
        text = f"{family.scenario.file}: ok, {len(drafts)} {'row' if len(drafts) == 1 else 'rows'}"
        out.print(text, markup=False, highlight=False, soft_wrap=True)
        if prose:
            from harness.scenario.prose import prose as told

            out.print(told(drafts[0].row()), markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(WRONG if wrong else OK)


@app.command()
def rules(
    diagram: Annotated[bool, typer.Option("--diagram", help="the states as a diagram (Mermaid)")] = False,
    coverage: Annotated[bool, typer.Option("--coverage", help="requirements that no scenario claims")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="the table in Markdown")] = False,
    scenarios: Annotated[Path, typer.Option(help="where the scenarios lie, for --coverage")] = SCENARIOS,
    out: Annotated[Path, typer.Option(help="where the last run's results lie, for --coverage")] = OUT,
) -> None:
    """Show the rules that every outcome is held against."""
    if coverage:
        raise typer.Exit(_coverage(scenarios, out))
    from harness import onboarding

    if diagram:
        print(onboarding.diagram())  # noqa: T201
        return
    columns = ("table", "action", "kind", "text", "requirements")
    rows = [(r.table, r.action, r.kind, r.text, ", ".join(r.requirements)) for r in onboarding.table_rows()]
    _print_table("Rules", columns, rows, markdown=markdown)


def _coverage(scenarios: Path, out: Path) -> int:
    from harness.report.coverage import coverage, touched_in
    from harness.scenario.load import scenario_files

    families, errors = _families(scenario_files([scenarios]))
    for error in errors:
        _errors().print(str(error), markup=False, highlight=False, soft_wrap=True)
    every = coverage(families, touched_in(out / "summary.json"))
    bare = [covered for covered in every if not covered.scenarios]
    rows = [(c.requirement.id, c.excuse or "MISSING", c.requirement.must) for c in bare]
    if rows:
        _print_table("Requirements that no scenario claims", ("requirement", "why", "must"), rows)
    missing = sum(covered.is_missing for covered in every)
    touched = sum(covered.touched for covered in every)
    last = f", {touched} with rules that took part in the last run" if touched else ""
    print(f"{len(every) - len(bare)} of {len(every)} requirements are claimed by a scenario{last}; {missing} missing")  # noqa: T201
    return WRONG if errors else DEVIATES if missing else OK


@app.command()
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


@app.command()
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
        _print_table(f"{persona} (TEST ONLY)", ("field", "value"), _flat(shown[persona]))
    else:
        rows = [
            (name, f"{p['given_names']} {p['family_name']}", _day(p["birth_date"]), p["kvnr"], p["address"]["land"])
            for name, p in shown.items()
        ]
        _print_table("People (TEST ONLY)", ("persona", "name", "born", "KVNR", "Land"), rows)


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


@app.command()
def bench(
    suites: Annotated[list[str] | None, typer.Argument(help="which benchmarks (default: all)")] = None,
    full: Annotated[bool, typer.Option(help="also the long ones: all 3,660 paths, on one core and on two")] = False,
) -> None:
    """Measure the bench: figures beside their goals, from one run."""
    from harness.bench import SUITES, main

    for suite in suites or ():
        if suite not in SUITES:
            raise BenchError(f"no benchmark '{suite}'; known: {', '.join(SUITES)}")
    raise typer.Exit(main(tuple(suites or SUITES), full=full))


@app.command()
def version() -> None:
    """Show the version."""
    print(f"pruefstand {version_of('pruefstand')}")  # noqa: T201


def _families(files: Sequence[Path]) -> tuple[list[Family], list[BenchError]]:
    """All families, and what is wrong with the other files."""
    from harness.scenario.load import load, twice
    from harness.scenario.steps import Place

    families: list[Family] = []
    errors: list[BenchError] = []
    first: dict[str, Place] = {}
    for file in files:
        try:
            family = load(file)
            scenario = family.scenario
            if scenario.id in first:
                raise twice(family, first[scenario.id])
            first[scenario.id] = Place(scenario.file, scenario.line)
            families.append(family)
        except BenchError as error:
            errors.append(error)
    return families, errors


def _print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], *, markdown: bool = False) -> None:
    if markdown:
        lines = [columns, ["---"] * len(columns), *rows]
        print("\n".join("| " + " | ".join(str(c).replace("|", "\\|") for c in line) + " |" for line in lines))  # noqa: T201
        return
    table = Table(title=title, title_justify="left", header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*row)
    _console().print(table)


def _console() -> Console:
    return Console(width=None if sys.stdout.isatty() else LOG_WIDTH)


def _errors() -> Console:
    return Console(stderr=True)


def main() -> None:
    """The entry point: expected errors are one line, not a traceback. No error is taken for a deviation."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without umlauts
    try:
        app()
    except (BenchError, OSError) as error:
        _errors().print(f"error: {error}", style="red", markup=False, highlight=False, soft_wrap=True)
    except Exception:
        traceback.print_exc()
        _errors().print("error: that is a mistake of the bench, not of what it tests", style="red")
    else:
        return
    sys.exit(WRONG)


if __name__ == "__main__":
    main()
