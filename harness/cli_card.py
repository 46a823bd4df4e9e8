"""`pruefstand card …`: look at an emulated eGK, write one to a file, import one, put one into the virtual reader."""

from __future__ import annotations

import signal
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.errors import BenchError

if TYPE_CHECKING:
    from emulators.card.card import HealthCard

card = typer.Typer(name="card", help="Emulated health cards (eGK), TEST ONLY.", no_args_is_help=True)

Persona = Annotated[str | None, typer.Option(help="whose card (see `pruefstand people`); adult if not told")]
File = Annotated[Path | None, typer.Option("--file", help="a card written by `card new`, with its state")]
Can = Annotated[str | None, typer.Option(help="another CAN, 6 digits")]
Pin = Annotated[str | None, typer.Option(help="another PIN, 6 to 8 digits")]
Puk = Annotated[str | None, typer.Option(help="another PUK, 8 digits")]
Seed = Annotated[int | None, typer.Option(help="seed of people and keys; 0 if not told")]


@contextmanager
def _told() -> Iterator[None]:
    """Expected errors in one line."""
    try:
        yield
    except BrokenPipeError:  # whoever read along has seen enough
        sys.stderr.close()
        raise typer.Exit from None
    except (ValueError, LookupError, OSError) as error:
        raise BenchError(str(error)) from error


def _chosen(
    persona: str | None, file: Path | None, can: str | None, pin: str | None, puk: str | None, seed: int | None
) -> HealthCard:
    from emulators.card.chosen import card_of
    from harness.scenario.vocabulary import vocabulary

    personas = vocabulary(Path("scenarios/any.yaml")).personas
    return card_of(persona, file, can=can, pin=pin, puk=puk, seed=seed, personas=personas)


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


@card.command()
def show(
    persona: Persona = None,
    file: File = None,
    rules: Annotated[bool, typer.Option("--rules/--no-rules", help="with the access rules")] = True,
    seed: Seed = None,
) -> None:
    """Draw a card as a tree: folders, files, passwords, keys, their state and access rules."""
    from emulators.card.card_tree import tree

    with _told():
        for line in tree(_chosen(persona, file, None, None, None, seed)).lines(with_rules=rules):
            _say(line)


@card.command()
def new(
    out: Annotated[Path, typer.Argument(help="the file to write")],
    persona: Persona = None,
    can: Can = None,
    pin: Pin = None,
    puk: Puk = None,
    seed: Seed = None,
) -> None:
    """Write a card to a file that `--file` loads again, state included."""
    with _told():
        made = _chosen(persona, None, can, pin, puk, seed)
        made.save(out)
        _say(f"{out}: card {made.iccsn} of {made.person.full_name}, TEST ONLY")


@card.command("import")
def import_(
    image: Annotated[Path, typer.Argument(help="a gematik card image (XML)")],
    out: Annotated[Path | None, typer.Option(help="write the card to this file")] = None,
) -> None:
    """Read a gematik card image; say what of it was not taken over."""
    from emulators.card.card_image import import_image
    from emulators.core.clock import DEFAULT_START

    with _told():
        imported = import_image(image.read_text("utf-8"), today=DEFAULT_START.date())
        _say(f"{image}: card {imported.card.iccsn}, TEST ONLY")
        for left in imported.left_out:
            _say(f"  not taken over: {left}")
        if out is not None:
            imported.card.save(out)
            _say(f"written to {out}")


@card.command()
def insert(
    persona: Persona = None,
    file: File = None,
    can: Can = None,
    pin: Pin = None,
    puk: Puk = None,
    slot: Annotated[int, typer.Option(min=0, max=1, help="of the virtual reader")] = 0,
    atr: Annotated[str, typer.Option(help="a name or hex; the default is one that OpenSC knows")] = "starcos",
    contactless: Annotated[
        bool, typer.Option("--contactless", help="on the antenna: by the rules over the air")
    ] = False,
    seed: Seed = None,
) -> None:
    """Keep a card in the virtual reader (Debian's vsmartcard-vpcd) until ended, for any program on this machine."""
    from emulators.card.connection import Contactless
    from emulators.card.doors import insert as keep
    from emulators.card.vpcd import atr as answer_to_reset

    ended: list[int] = []
    with _told(), warnings.catch_warnings():
        warnings.showwarning = lambda message, *_args, **_more: _say(f"warning: {message}")
        put_in = _chosen(persona, file, can, pin, puk, seed)
        secret = put_in.chip.secret
        shown = f"CAN {put_in.person.card.can or 'none'}, PIN {secret.pin}, PUK {secret.puk}"
        if contactless and not put_in.nfc:
            raise ValueError("a card without NFC cannot be read over the air")
        for signal_ in (signal.SIGTERM, signal.SIGINT):
            signal.signal(signal_, lambda number, _: ended.append(number))
        _say(f"card {put_in.iccsn} of {put_in.person.full_name} goes into slot {slot}: {shown}, TEST ONLY; Ctrl-C ends")
        keep(Contactless(put_in) if contactless else put_in, slot, answer_to_reset(atr), lambda: bool(ended))
        if file is not None:
            put_in.save(file)
            _say(f"its state is kept in {file}")
