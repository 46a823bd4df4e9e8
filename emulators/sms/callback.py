"""The webhooks that Twilio posts, for a new state of a message and for one that comes in, and their signature.

Source of headers, retries and overrides: Twilio, Webhooks (HTTP callbacks): Connection overrides.
"""

from __future__ import annotations

import hmac
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha1, sha256
from urllib.parse import parse_qs, quote_plus, urldefrag

from emulators.wire.outside import as_sent

from .message import Message

API_VERSION = "2010-04-01"

_MAX_RETRIES = 5


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


@dataclass(frozen=True, slots=True)
class Target:
    """Where a webhook goes, and when it is tried again: `rc` and `rp` in the URL's fragment, which is not sent.

    `rc` is the number of retries (0 to 5, by default 1), `rp` a list of `4xx`, `5xx`, `ct` (nobody answers, the
    default), `rt` (the same here: no answer is no answer), `all`.
    """

    url: str
    retries: int = 1
    policy: frozenset[str] = frozenset({"ct"})

    @classmethod
    def of(cls, url: str) -> Target:
        """Read a callback URL; an override that makes no sense counts as not given."""
        if "#" not in url:
            return cls(as_sent(url))
        bare, fragment = urldefrag(url)
        overrides = parse_qs(fragment)
        count = overrides.get("rc", ["1"])[-1]
        retries = int(count) if count in map(str, range(_MAX_RETRIES + 1)) else 1
        return cls(as_sent(bare), retries, frozenset(overrides.get("rp", ["ct"])[-1].split(",")))

    def again(self, answer: int | None) -> bool:
        """Whether an attempt that ended with `answer` (`None`: nobody answered) is repeated."""
        if answer is None:
            return bool(self.policy & {"ct", "rt", "all"})
        return bool(self.policy & {f"{answer // 100}xx", "all"}) and answer >= 400

    def call(self, post: Callable[[str], int | None]) -> list[int | None]:
        """Post until it needs no repetition; returns all answers."""
        answers = [post(self.url)]
        while len(answers) <= self.retries and self.again(answers[-1]):
            answers.append(post(self.url))
        return answers
