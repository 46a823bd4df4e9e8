"""Prints what pyscard's card monitor tells of the reader named first, one event a line, until its input ends."""

import sys
from importlib import import_module


class Watcher:
    """pyscard calls `update` with the cards that came and those that went."""

    def update(self, observable: object, handlers: tuple[list[object], list[object]]) -> None:
        for what, cards in zip(("added", "removed"), handlers, strict=True):
            for card in cards:
                if str(getattr(card, "reader", "")) == sys.argv[1]:
                    print(what, flush=True)


monitor, watcher = import_module("smartcard.CardMonitoring").CardMonitor(), Watcher()
monitor.addObserver(watcher)
print("watching", flush=True)
sys.stdin.read()
monitor.deleteObserver(watcher)
