"""The magic numbers of Twilio's test credentials: with those, nothing is sent and no callback comes.

Source: Twilio, Test Credentials.
"""

from __future__ import annotations

from collections.abc import Mapping

from .admission import check_length
from .errors import Rejected
from .network import E164

VALID_SENDER = "+15005550006"

RECIPIENTS: Mapping[str, int] = {
    "+15005550001": 21211,
    "+15005550002": 21612,
    "+15005550003": 21408,
    "+15005550004": 21610,
    "+15005550009": 21614,
}
SENDERS: Mapping[str, int] = {
    "+15005550001": 21212,
    "+15005550007": 21606,
    "+15005550008": 21611,
}


def check(to: str, sender: str, body: str) -> None:
    """Raises `Rejected` as the magic number says. Any sender but `VALID_SENDER` is not the account's (21606)."""
    if not to:
        raise Rejected.because(21604)
    if not sender:
        raise Rejected.because(21603)
    if sender != VALID_SENDER:
        raise Rejected.because(SENDERS.get(sender, 21606), sender[:40])
    if to in RECIPIENTS or not E164.fullmatch(to):
        raise Rejected.because(RECIPIENTS.get(to, 21211), to[:40])
    if not body:
        raise Rejected.because(21602)
    check_length(body)
