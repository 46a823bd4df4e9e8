"""Sends the account's webhooks, with what can go wrong with one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta

from emulators.core.physics import Physics
from emulators.wire.outside import Unanswered

from .callback import Target, inbound_form, signed_request, status_form
from .doors import post_callback
from .faults import CallbackLate, CallbackLost, CallbackTwice, CallbackWronglySigned
from .message import Message

_FOREIGN_TOKEN = "somebody else's token"

# Headers and body of a webhook, made with the token that signs it.
Make = Callable[[str], tuple[Mapping[str, str], bytes]]


class Reports:
    """The webhooks of one account."""

    def __init__(self, physics: Physics, channel: str, auth_token: str) -> None:
        self._physics = physics
        self._channel = channel
        self._auth_token = auth_token

    def status(self, message: Message, url: str) -> None:
        """Report the message's state, as it is now."""
        form, target = status_form(message), Target.of(url)
        self.send("callback", message, target, lambda token: signed_request(token, target.url, form))

    def inbound(self, message: Message, url: str) -> None:
        """Report a message that came in."""
        form, target = inbound_form(message), Target.of(url)
        self.send("webhook", message, target, lambda token: signed_request(token, target.url, form))

    def send(self, event: str, message: Message, target: Target, make: Make) -> None:
        """Send what `make` gives, unless a fault has it otherwise. It is made outside the world's lock."""
        hit = self._physics.faults.strike(self._channel, "callback")
        if hit is None:
            self._physics.send_out(self._errand(event, message, target, make, self._auth_token))
            return
        with self._physics.bent_by(hit):
            token = self._auth_token
            match hit.fault:
                case CallbackLost():
                    self._write("callback.lost", sid=message.sid, status=message.status.value)
                    return
                case CallbackLate(minutes=minutes):
                    self._write("callback.delayed", sid=message.sid, status=message.status.value, minutes=minutes)
                    errand = self._errand(event, message, target, make, token)
                    self._physics.later(
                        timedelta(minutes=minutes), lambda: self._physics.send_out(errand), f"callback of {message.sid}"
                    )
                    return
                case CallbackTwice():
                    self._physics.send_out(self._errand(event, message, target, make, token))
                case CallbackWronglySigned():
                    token = _FOREIGN_TOKEN
            self._physics.send_out(self._errand(event, message, target, make, token))

    def _errand(self, event: str, message: Message, target: Target, make: Make, token: str) -> Callable[[], None]:
        sid, status = message.sid, message.status.value

        def errand() -> None:
            headers, body = make(token)
            answers = target.call(lambda url, patience: post_callback(url, headers, body, patience))
            with self._physics.lock:
                for answer in answers:
                    told = (
                        {"answer": None, "why": answer.value} if isinstance(answer, Unanswered) else {"answer": answer}
                    )
                    self._write(event, sid=sid, status=status, url=target.url, **told)

        return errand

    def _write(self, event: str, **data: object) -> None:
        self._physics.journal.write(self._channel, event, **data)
