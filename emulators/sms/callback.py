"""The webhooks that Twilio posts, for a new state of a message and for one that comes in, and their signature.

Source of headers, timeouts, retries and overrides: Twilio, Webhooks (HTTP callbacks): Connection overrides.
"""

from __future__ import annotations

import hmac
import time
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha1, sha256
from urllib.parse import parse_qs, quote_plus, urldefrag

from emulators.wire.outside import Patience, Unanswered, as_sent

from .message import Message

API_VERSION = "2010-04-01"


def status_form(message: Message) -> dict[str, str]:
    """The fields of the callback; `ErrorCode` and `ErrorMessage` only after a failure."""
    form = {
        "AccountSid": message.account_sid,
        "ApiVersion": API_VERSION,
        "From": message.sender,
        "MessageSid": message.sid,
        "MessageStatus": message.status.value,
        "SmsSid": message.sid,
        "SmsStatus": message.status.value,
        "To": message.to,
    }
    if message.order.service_sid is not None:
        form["MessagingServiceSid"] = message.order.service_sid
    if message.error_code is not None:
        form |= {"ErrorCode": str(message.error_code), "ErrorMessage": message.error_message or ""}
    return form


def inbound_form(message: Message) -> dict[str, str]:
    """The fields of the webhook for a message that came in."""
    return {
        "AccountSid": message.account_sid,
        "ApiVersion": API_VERSION,
        "Body": message.body,
        "From": message.sender,
        "MessageSid": message.sid,
        "NumMedia": "0",
        "NumSegments": str(message.coding.segments),
        "SmsMessageSid": message.sid,
        "SmsSid": message.sid,
        "SmsStatus": message.status.value,
        "To": message.to,
    }


def signature(auth_token: str, url: str, form: Mapping[str, str]) -> str:
    """`X-Twilio-Signature`: base64 of HMAC-SHA1 over the URL and, sorted by key, each key and value.

    Source: Twilio, Webhooks Security, "Validating Signatures".
    """
    signed = url + "".join(key + form[key] for key in sorted(form))
    return b64encode(hmac.digest(auth_token.encode(), signed.encode(), sha1)).decode()


def signed_request(auth_token: str, url: str, form: Mapping[str, str]) -> tuple[dict[str, str], bytes]:
    """Headers and body of a webhook. The idempotency token is the same for each repetition of the same state."""
    state = f"{form['MessageSid']}/{form['SmsStatus']}"
    headers = {
        "Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
        "I-Twilio-Idempotency-Token": sha256(state.encode()).hexdigest()[:32],
        "X-Twilio-Signature": signature(auth_token, url, form),
    }
    # Most values need no quoting or have been quoted before, and keys never need it.
    fields = [
        f"{key}={value if value.isalnum() and value.isascii() else _quoted(value)}" for key, value in form.items()
    ]
    return headers, "&".join(fields).encode()


@lru_cache(1024)
def _quoted(value: str) -> str:
    return quote_plus(value)


Post = Callable[[str, Patience], "int | Unanswered"]

_NO_ANSWER = {Unanswered.NOT_CONNECTED: "ct", Unanswered.TOO_LATE: "rt"}
_POLICIES = frozenset({"4xx", "5xx", "all", *_NO_ANSWER.values()})


@dataclass(frozen=True, slots=True)
class Target:
    """Where a webhook goes, how long each attempt waits, and when there is another: as the URL's fragment says, which
    is not sent.

    `ct`, `rt` and `tt` are milliseconds: until the connection is there, for each piece of the answer, and for all
    attempts together. `rc` is the number of retries, `rp` a list of what is tried again: `4xx`, `5xx`, `ct` (no
    connection, or one that breaks), `rt` (no answer in time), `all`.
    """

    url: str
    retries: int = 1
    policy: frozenset[str] = frozenset({"ct"})
    connect: float = 5.0
    read: float = 15.0
    total: float = 15.0

    @classmethod
    def of(cls, url: str) -> Target:
        """Read a callback URL; an override that makes no sense counts as not given."""
        if "#" not in url:
            return cls(as_sent(url))
        bare, fragment = urldefrag(url)
        given = {name: values[-1] for name, values in parse_qs(fragment).items()}
        policy = _POLICIES.intersection(given.get("rp", "").split(","))
        return cls(
            as_sent(bare),
            _within(given.get("rc", ""), 0, 5, 1),
            policy or frozenset({"ct"}),
            _within(given.get("ct", ""), 100, 10_000, 5_000) / 1000,
            _within(given.get("rt", ""), 100, 15_000, 15_000) / 1000,
            _within(given.get("tt", ""), 100, 15_000, 15_000) / 1000,
        )

    def again(self, answer: int | Unanswered) -> bool:
        """Whether an attempt that ended so is repeated."""
        if isinstance(answer, Unanswered):
            return bool(self.policy & {_NO_ANSWER[answer], "all"})
        return bool(self.policy & {f"{answer // 100}xx", "all"}) and answer >= 400

    def call(self, post: Post, monotonic: Callable[[], float] = time.monotonic) -> list[int | Unanswered]:
        """Post until it needs no repetition, or time is up; returns all answers. `monotonic` gives real seconds."""
        until = monotonic() + self.total
        answers = [post(self.url, Patience(self.connect, self.read, self.total))]
        while len(answers) <= self.retries and self.again(answers[-1]) and (left := until - monotonic()) > 0:
            answers.append(post(self.url, Patience(self.connect, self.read, left)))
        return answers


def _within(text: str, least: int, most: int, default: int) -> int:
    fits = text.isascii() and text.isdigit() and len(text) <= len(str(most)) and least <= int(text) <= most
    return int(text) if fits else default
