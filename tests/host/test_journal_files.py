"""The journals of a host's worlds, growing in their files."""

from __future__ import annotations

import errno
import json
import logging
from io import FileIO
from pathlib import Path
from typing import Any

import pytest

from emulators.host import journals
from emulators.host.host import Host
from emulators.host.journals import JournalFiles


def test_files_grow_with_their_worlds_and_hold_the_whole_journals_in_the_end(tmp_path: Path) -> None:
    host = Host()
    one, two = host.create("one"), host.create("two")
    files = JournalFiles(host, tmp_path / "journals")
    one.world.journal.write("test", "first", text="Grüße")
    files.catch_up()
    assert (tmp_path / "journals" / "one.jsonl").read_text("utf-8") == one.world.journal.to_jsonl()
    one.world.journal.write("test", "second")
    two.world.journal.write("test", "alone")
    host.create("three")
    paths = files.end()
    assert [path.name for path in paths] == ["one.jsonl", "two.jsonl", "three.jsonl"]
    assert [path.read_text("utf-8") for path in paths] == [hosted.world.journal.to_jsonl() for hosted in host]


def test_a_dropped_world_has_its_file_whole_and_the_next_of_its_name_another(tmp_path: Path) -> None:
    host = Host()
    files = JournalFiles(host, tmp_path)
    first = host.create("one").world.journal
    files.catch_up()
    first.write("test", "last words")
    host.drop("one")
    second = host.create("one").world.journal
    second.write("test", "hello")
    files.catch_up()
    files.end()
    assert (tmp_path / "one.jsonl").read_text("utf-8") == first.to_jsonl()
    assert (tmp_path / "one.2.jsonl").read_text("utf-8") == second.to_jsonl()


def test_half_a_surrogate_pair_is_written_as_json_writes_it(tmp_path: Path) -> None:
    host = Host()
    host.create("one").world.journal.write("test", "odd", text="a\ud83d")
    (path,) = JournalFiles(host, tmp_path).end()
    assert json.loads(path.read_text("utf-8"))["data"] == {"text": "a\ud83d"}


class Counted(FileIO):
    """A file that is counted as long as it is open."""

    open_now = 0

    def __init__(self, path: Path, mode: Any) -> None:
        super().__init__(path, mode)
        Counted.open_now += 1

    def close(self) -> None:
        Counted.open_now -= not self.closed
        super().close()


def test_files_stay_open_no_longer_than_something_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journals, "FileIO", Counted)
    host = Host()
    worlds = [host.create(f"w{index}") for index in range(300)]
    files = JournalFiles(host, tmp_path)
    for text in ("first", "second"):
        for hosted in worlds:
            hosted.world.journal.write("test", text)
        files.catch_up()
        assert Counted.open_now == 0
    host.drop("w0")
    paths = files.end()
    assert Counted.open_now == 0
    assert (tmp_path / "w0.jsonl").read_text("utf-8") == worlds[0].world.journal.to_jsonl()
    assert [path.read_text("utf-8") for path in paths] == [each.world.journal.to_jsonl() for each in worlds[1:]]


def test_where_no_file_can_be_opened_for_a_while_all_is_written_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def none_left(path: Path, mode: Any) -> FileIO:
        raise OSError(errno.EMFILE, "Too many open files")

    host = Host()
    journal = host.create("one").world.journal
    files = JournalFiles(host, tmp_path)
    for opens in (none_left, FileIO, none_left, FileIO):
        journal.write("test", "something")
        monkeypatch.setattr(journals, "FileIO", opens)
        files.catch_up()
    assert len(caplog.messages) == 2  # once for each time that it began
    assert (tmp_path / "one.jsonl").read_text("utf-8") == journal.to_jsonl()


class Full(FileIO):
    """A file on a disc that takes a few octets at a time, and then is full for a while."""

    room = 10

    def write(self, octets: Any) -> int:
        if not Full.room:
            raise OSError(errno.ENOSPC, "No space left on device")
        taken = super().write(bytes(octets)[: Full.room])
        Full.room -= taken
        return taken


def test_a_full_disc_is_told_once_and_what_is_missing_written_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(journals, "FileIO", Full)
    monkeypatch.setattr(Full, "room", 10)
    host = Host()
    journal = host.create("one").world.journal
    files = JournalFiles(host, tmp_path)
    journal.write("test", "first")
    with caplog.at_level(logging.ERROR):
        files.catch_up()
        files.catch_up()
    assert caplog.messages == [
        "the journal of the world 'one' cannot be written for now: [Errno 28] No space left on device"
    ]
    assert (tmp_path / "one.jsonl").read_bytes() == b""
    with pytest.raises(OSError, match="No space"):
        files.end()


def test_a_disc_that_has_room_again_gets_all_that_was_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journals, "FileIO", Full)
    monkeypatch.setattr(Full, "room", 10)
    host = Host()
    journal = host.create("one").world.journal
    files = JournalFiles(host, tmp_path)
    journal.write("test", "first")
    files.catch_up()
    monkeypatch.setattr(Full, "room", 10_000)
    journal.write("test", "second")
    (path,) = files.end()
    assert path.read_text("utf-8") == journal.to_jsonl()
