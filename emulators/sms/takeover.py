"""An app waits for a code that the phone takes out of a text message: SMS Retriever, User Consent, iOS AutoFill."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from .one_time_code import Way

if TYPE_CHECKING:
    from .handset import TextMessage


class Platform(StrEnum):
    ANDROID = "android"
    IOS = "ios"


class Api(StrEnum):
    """What the platform offers to an app."""

    RETRIEVER = "sms_retriever"
    USER_CONSENT = "user_consent"
    AUTOFILL = "autofill"


class Outcome(StrEnum):
    """How far a request is. All but the first two are the end of it."""

    WAITING = "waiting"
    PROMPTED = "prompted"
    TAKEN = "taken"
    DENIED = "denied"
    DISMISSED = "dismissed"
    TIMED_OUT = "timed_out"
    UNAVAILABLE = "unavailable"


_PLATFORM = {Api.RETRIEVER: Platform.ANDROID, Api.USER_CONSENT: Platform.ANDROID, Api.AUTOFILL: Platform.IOS}
_ASKS = frozenset({Api.USER_CONSENT, Api.AUTOFILL})
_OPEN = frozenset({Outcome.WAITING, Outcome.PROMPTED})


class _Write(Protocol):
    def __call__(self, event: str, **data: object) -> None: ...


class CodeRequest:
    """One app's wait for one code. `outcome` says how far it is; `code` is there once it was taken.

    Retriever hands the code over at once. User Consent and AutoFill ask first: `allow`, `deny` or `dismiss` answer;
    without an answer the request times out. Each raises `ValueError` if nothing is being asked.
    """

    def __init__(
        self,
        api: Api,
        number: str,
        way: Way,
        may: Callable[[TextMessage], bool],
        write: _Write,
        done: Callable[[CodeRequest], object],
    ) -> None:
        self.api = api
        self.outcome = Outcome.WAITING
        self.code: str | None = None
        self.message: TextMessage | None = None
        self._number = number
        self._way = way
        self._may = may
        self._write = write
        self._done = done

    def start(self, platform: Platform | None) -> None:
        """Begin to listen; a platform that has no such way ends it at once."""
        if platform in (None, _PLATFORM[self.api]):
            self._write("code.awaited", to=self._number, api=self.api.value)
        else:
            self._end(Outcome.UNAVAILABLE, "code.unavailable", reason=f"not on {platform}")

    def offer(self, message: TextMessage) -> None:
        """A message has come: take it, ask about it, or say why not. A newer one replaces the one being asked about
        above the keyboard of iOS; User Consent asks about the first only."""
        if self.outcome is Outcome.PROMPTED and self.api is not Api.AUTOFILL:
            return
        if self.outcome not in _OPEN:
            return
        code = self._way(message.body) if self._may(message) else None
        if code is None:
            reason = "no_code_for_this_app" if self._may(message) else "sender_not_eligible"
            self._write("code.not_offered", sid=message.sid, to=self._number, reason=reason)
            return
        self.code, self.message = code, message
        if self.api in _ASKS:
            self.outcome = Outcome.PROMPTED
            self._write("code.prompted", sid=message.sid, to=self._number, api=self.api.value)
        else:
            self._take()

    def allow(self) -> str:
        """The person agrees; returns the code."""
        self._asked()
        return self._take()

    def deny(self) -> None:
        self._asked()
        self._end(Outcome.DENIED, "code.denied")

    def dismiss(self) -> None:
        """The person swipes the question away."""
        self._asked()
        self._end(Outcome.DISMISSED, "code.dismissed")

    def time_out(self) -> None:
        """Five minutes are over."""
        if self.outcome in _OPEN:
            self._end(Outcome.TIMED_OUT, "code.timed_out")

    def _asked(self) -> None:
        if self.outcome is not Outcome.PROMPTED:
            raise ValueError(f"nothing is being asked, the request is {self.outcome.value}")

    def _take(self) -> str:
        assert self.code is not None
        code, self.outcome = self.code, Outcome.TAKEN
        self._done(self)
        sid = self.message.sid if self.message else None
        self._write("code.taken_over", sid=sid, to=self._number, code=code)
        return code

    def _end(self, outcome: Outcome, event: str, **data: object) -> None:
        self.outcome, self.code = outcome, None
        self._done(self)
        self._write(event, to=self._number, api=self.api.value, **data)
