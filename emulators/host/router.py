"""One HTTP surface of all worlds: finds the world that a request means and has that world's app answer it."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Sequence
from urllib.parse import quote

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from emulators.mail.conversation import Route, Settle
from emulators.mail.server import MailServer
from emulators.sms.smpp.account import SmppAccount

from .host import Host, NoSuchWorld
from .hosted import Hosted
from .surfaces import Seen, Surface

_NAMED = re.compile(r"(/worlds/([^/]+))(?:/|$)")


class Router:
    """An ASGI app. It holds the lock of the world concerned, and of no other, while that world answers.

    `settle` is for the door: it lets the worlds visited since then settle, on the same thread but without a lock.
    """

    def __init__(self, host: Host, surface: Surface) -> None:
        self._host = host
        self._surface = surface
        self._visited: deque[Hosted] = deque()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        message = await receive()
        name, scope = _named(scope)
        hosted = self._find(Seen.of(scope, message.get("body", b"")), name)
        replayed: list[Message] = [message]

        async def again() -> Message:
            return replayed.pop() if replayed else {"type": "http.disconnect"}

        if not isinstance(hosted, Hosted):
            await hosted(scope, again, send)
            return
        self._visited.append(hosted)
        # What an answer links to carries the world's name: who follows the link has no credentials to show.
        scope = {**scope, "root_path": f"/worlds/{hosted.name}"}
        with hosted.world.physics.lock:
            hosted.world.clock.tick()
            await self._surface.app(hosted.world)(scope, again, send)

    def settle(self) -> None:
        """Let the worlds that were visited have happen what is due."""
        while self._visited:
            self._visited.popleft().settle()

    def _find(self, seen: Seen, named: str | None) -> Hosted | ASGIApp:
        """The world that is meant, or the app that refuses the request."""
        if named is not None:
            try:
                return self._host.get(named)
            except NoSuchWorld:
                return self._refusal(named)
        shown = [account for account in self._surface.shown(seen) if account]
        for account in shown:
            if worlds := self._host.having(self._surface.name, account):
                return worlds[0] if len(worlds) == 1 else self._surface.choose(worlds, seen)
        if not shown and (hosted := self._without_credentials(seen)) is not None:
            return hosted
        return self._refusal(shown[0] if shown else None)

    def _refusal(self, account: str | None) -> ASGIApp:
        """The surface's own words to somebody whom no world knows."""
        name, own = self._surface.name, self._surface.stranger
        self._host.note_stranger(name, account)
        return own if own is not None else self._surface.app(self._host.nobodys_world())

    def _without_credentials(self, seen: Seen) -> Hosted | None:
        """The only world there is, or the only one that knows what the request speaks of."""
        worlds: Sequence[Hosted] = tuple(self._host)
        if len(worlds) > 1:
            worlds = [hosted for hosted in worlds if self._surface.knows(hosted.world, seen)]
        return worlds[0] if len(worlds) == 1 else None


def _named(scope: Scope) -> tuple[str | None, Scope]:
    """The world that the path names in front, and the scope without that name."""
    found = _NAMED.match(scope["path"])
    if found is None:
        return None, scope
    path = scope["path"][len(found[1]) :] or "/"
    return found[2], {**scope, "path": path, "raw_path": quote(path).encode()}


def mail_route(host: Host) -> Route:
    """Whose mail server an SMTP session is for: by the user who has logged in, else by the recipient's domain.

    A user of several worlds leaves it to the recipient. Where there is one world only, it is that one from the greeting
    on, so that faults of the connection strike.
    """

    def route(user: str | None, recipient: str) -> MailServer | None:
        domain = recipient.rpartition("@")[2].lower()
        worlds: Sequence[Hosted] = host.having("mail", user) if user else ()
        if len(worlds) != 1:
            worlds = host.having("mail_domain", domain) or worlds
        if not worlds and not recipient and len(host) == 1:
            worlds = tuple(host)
        if not worlds and recipient:
            host.note_stranger("mail", recipient)
        return worlds[0].world.mail if worlds else None

    return route


def smpp_accounts(host: Host) -> Callable[[str], SmppAccount | None]:
    """Whose SMPP account a session binds to, by its system_id; of worlds that share it, the one that had it first."""

    def account(system_id: str) -> SmppAccount | None:
        worlds = host.having("smpp", system_id)
        if not worlds:
            host.note_stranger("smpp", system_id)
            return None
        return worlds[0].smpp_account

    return account


def mail_settle(host: Host) -> Settle:
    """Lets happen what a mail has brought about."""

    def settle(server: MailServer) -> None:
        for hosted in host.having("mail", server.smtp_user):
            if hosted.world.mail is server:
                hosted.settle()
                return
        server.physics.happen()  # its world has just been dropped

    return settle
