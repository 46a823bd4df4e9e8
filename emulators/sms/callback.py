"""The status callback: the form that Twilio posts when a message changes its state, and its signature."""

from __future__ import annotations

import hmac
from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha1
from urllib.parse import urlencode

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
    if message.error_code is not None:
        form |= {"ErrorCode": str(message.error_code), "ErrorMessage": message.error_message or ""}
    return form


def signature(auth_token: str, url: str, form: Mapping[str, str]) -> str:
    """`X-Twilio-Signature`: base64 of HMAC-SHA1 over the URL and, sorted by key, each key and value.

    Source: Twilio, Webhooks Security, "Validating Signatures".
    """
    signed = url + "".join(key + form[key] for key in sorted(form))
    return b64encode(hmac.new(auth_token.encode(), signed.encode(), sha1).digest()).decode()


def signed_request(auth_token: str, url: str, form: Mapping[str, str]) -> tuple[dict[str, str], bytes]:
    """Headers and body of the callback."""
    headers = {
        "Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
        "X-Twilio-Signature": signature(auth_token, url, form),
    }
    return headers, urlencode(form).encode()
