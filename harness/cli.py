"""The command line. Exit codes: 0 all as required, 1 the system under test deviates, 2 bench or file is wrong."""

from __future__ import annotations

import io
import sys
import traceback
from enum import StrEnum
from importlib.metadata import version as version_of
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli_card import card
from harness.cli_output import DEVIATES, OK, WRONG, console, errors
from harness.cli_serve import serve
from harness.cli_show import OUT, SCENARIOS, Seed, people, rules, schema, sms
from harness.errors import BenchError

if TYPE_CHECKING:
    from harness.replay import Replay

app = typer.Typer(
    name="pruefstand",
    help="Prüfstand: a test bench for the onboarding of a German electronic patient record.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


class CoverWord(StrEnum):
    """How much of each family of paths is run."""

    PAIRWISE = "pairwise"
    THREE_WISE = "three-wise"
    ALL = "all"


class EvidenceWord(StrEnum):
    """Whose evidence the report keeps."""

    FAILED = "failed"
    ALL = "all"


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
        errors().print(f"REPORT NOT BUILT: {error}", style="red", markup=False)
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
    from harness.scenario.load import load_all, scenario_files

    out, wrong = console(), False
    found = scenario_files(files)
    if not found:
        raise BenchError(f"no scenario files (*.yaml) in {', '.join(map(str, files))}")
    families, mistaken = load_all(found)
    for error in mistaken:
        errors().print(str(error), markup=False, highlight=False, soft_wrap=True)
        wrong = True
    for family in families:
        drafts = family.drafts()
        text = f"{family.scenario.file}: ok, {len(drafts)} {'row' if len(drafts) == 1 else 'rows'}"
        out.print(text, markup=False, highlight=False, soft_wrap=True)
        if prose:
            from harness.scenario.prose import prose as told

            out.print(told(drafts[0].row()), markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(WRONG if wrong else OK)


for command in (serve, rules, schema, people, sms):
    app.command()(command)
app.add_typer(card)


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


def main() -> None:
    """The entry point: expected errors are one line, not a traceback. No error is taken for a deviation."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without umlauts
    try:
        app()
    except (BenchError, OSError) as error:
        errors().print(f"error: {error}", style="red", markup=False, highlight=False, soft_wrap=True)
    except Exception:
        traceback.print_exc()
        errors().print("error: that is a mistake of the bench, not of what it tests", style="red")
    else:
        return
    sys.exit(WRONG)


if __name__ == "__main__":
    main()
