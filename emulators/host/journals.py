"""The worlds' journals as files: JSON Lines, one file a world, written when the world is dropped or the host ends."""

from __future__ import annotations

from pathlib import Path

from .hosted import Hosted


def write_journal(folder: Path, hosted: Hosted) -> Path:
    """Write `NAME.jsonl`, or `NAME.2.jsonl`… if an earlier world of that name left one. Raises `OSError`."""
    folder.mkdir(parents=True, exist_ok=True)
    with hosted.world.physics.lock:
        text = hosted.world.journal.to_jsonl()
    count = 1
    while True:
        file = folder / (f"{hosted.name}.jsonl" if count == 1 else f"{hosted.name}.{count}.jsonl")
        try:
            with file.open("x", encoding="utf-8", newline="\n") as out:
                out.write(text)
        except FileExistsError:
            count += 1
        else:
            return file
