"""The worlds' journals as files: JSON Lines, one file a world, which grow while the host runs.

What was journalled is on its way to the file within half a second, so a process that is killed loses no more than that.
When a world is dropped or the host ends, its file holds its whole journal.
"""

from __future__ import annotations

import logging
import time
from io import FileIO
from pathlib import Path
from threading import Event, Lock, Thread

from emulators.core.journal import to_jsonl

from .host import Host
from .hosted import Hosted

_EVERY = 0.5  # seconds of real time
_PATIENCE = 0.2  # seconds of real time that the end waits for worlds that are locked, in all
_log = logging.getLogger(__name__)


class NotWhole(OSError):
    """The file of a journal lacks its last entries, and the world is gone; the text says how many, and where."""


class JournalFiles:
    """The files of all worlds of a host in one folder: `NAME.jsonl`, or `NAME.2.jsonl`… if that is there already.

    Raises `OSError` for a folder that cannot be made. A file that cannot be written meanwhile is told in the log, once,
    and tried again; only at its end that is an error.
    """

    def __init__(self, host: Host, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._host = host
        self._files: dict[Hosted, _Growing] = {}
        self._troubled: set[Hosted] = set()
        self._guard = Lock()
        self._ended = Event()
        self._thread = Thread(target=self._keep_up, name="journals", daemon=True)
        host.on_drop(self.finish)

    def start(self) -> None:
        self._thread.start()

    def finish(self, hosted: Hosted, patience: float = -1) -> Path:
        """Write what is left of a world's journal. Raises `NotWhole`.

        So that nothing comes after it the world is locked, if that can be had within `patience` real seconds; less than
        none stands for as long as it takes.
        """
        lock = hosted.world.physics.lock
        locked = lock.acquire(timeout=patience)
        try:
            with self._guard:
                return self._finish(hosted)
        finally:
            if locked:
                lock.release()

    def _finish(self, hosted: Hosted) -> Path:
        self._troubled.discard(hosted)
        growing = self._files.pop(hosted, None)
        try:
            growing = growing or _Growing(self.folder, hosted)
            growing.catch_up()
        except OSError as error:
            written, whole = growing.entries if growing else 0, len(hosted.world.journal)
            file = growing.path if growing else self.folder / f"{hosted.name}.jsonl"
            raise NotWhole(
                f"the world '{hosted.name}' is gone, and of its journal the last {whole - written} of {whole} entries "
                f"are lost: {file} cannot be written ({error.strerror or error})"
            ) from error
        return growing.path

    def end(self) -> list[Path]:
        """Finish the files of all worlds that are left. Raises `NotWhole`, for all that could not be written.

        A world that somebody keeps locked does not keep the others waiting: its file then ends with what there is now.
        """
        self._ended.set()
        paths, lost, until = [], [], time.monotonic() + _PATIENCE
        for hosted in self._host:
            try:
                paths.append(self.finish(hosted, max(0.0, until - time.monotonic())))
            except NotWhole as error:
                lost.append(str(error))
        if lost:
            raise NotWhole("; ".join(lost))
        return paths

    def _keep_up(self) -> None:
        while not self._ended.wait(_EVERY):
            self.catch_up()

    def catch_up(self) -> None:
        """Bring all files up to date."""
        for hosted in self._host:
            with self._guard:
                if self._ended.is_set():
                    return
                if self._host.has(hosted):  # or it has been dropped, and finished, meanwhile
                    self._bring_up_to_date(hosted)

    def _bring_up_to_date(self, hosted: Hosted) -> None:
        try:
            if hosted not in self._files:
                self._files[hosted] = _Growing(self.folder, hosted)
            self._files[hosted].catch_up()
            self._troubled.discard(hosted)
        except OSError as error:
            if hosted not in self._troubled:
                _log.error("the journal of the world '%s' cannot be written for now: %s", hosted.name, error)
                self._troubled.add(hosted)


class _Growing:
    """One file, and how much of the journal is in it. It is open only while something is written.

    There may be more worlds than files that a process may have open.
    """

    def __init__(self, folder: Path, hosted: Hosted) -> None:
        self._journal = hosted.world.journal
        self.entries = 0
        self._octets = 0
        self.path = _new_file(folder, hosted.name)

    def catch_up(self) -> None:
        """Write the entries that are new. After an `OSError` the file ends where it ended before."""
        fresh = self._journal.since(self.entries)
        if not fresh:
            return
        # Half a surrogate pair, which a client may have sent, is `\\udXXX` in JSON.
        octets = memoryview(to_jsonl(fresh).encode("utf-8", "backslashreplace"))
        with FileIO(self.path, "a") as file:
            try:
                left = octets
                while left:
                    left = left[file.write(left) :]
            except OSError:
                file.truncate(self._octets)
                raise
        self.entries += len(fresh)
        self._octets += len(octets)


def _new_file(folder: Path, name: str) -> Path:
    count = 1
    while True:
        path = folder / (f"{name}.jsonl" if count == 1 else f"{name}.{count}.jsonl")
        try:
            FileIO(path, "x").close()
        except FileExistsError:
            count += 1
        else:
            return path
