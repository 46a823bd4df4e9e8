"""Who may submit letters, and how a request tells on whose account it is. All TEST ONLY, all from one place."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from emulators.core.physics import Physics

TOKEN_LIFE = timedelta(hours=24)  # Source: E-POSTBUSINESS API, tokenDuration


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a world's senders log in with. `ekp` (ten digits) and `username` name the account in the two APIs."""

    vendor_id: str
    ekp: str
    secret: str
    password: str
    username: str
    apikey: str

    @property
    def accounts(self) -> tuple[str, ...]:
        """All that `account_of` can answer for requests on this account."""
        return self.ekp, self.username

    @property
    def line(self) -> str:
        """The login of the E-POST API in one string: `vendorID:ekp:secret:password`."""
        return f"{self.vendor_id}:{self.ekp}:{self.secret}:{self.password}"


def credentials_of(physics: Physics) -> Credentials:
    """The keys of a world: the same for the same realm, or the same seed."""
    return Credentials(
        vendor_id="TEST-ONLY-vendor",
        ekp=f"{int(physics.secret('post/ekp', 16), 16) % 10**10:010d}",
        secret=f"TEST-ONLY-{physics.secret('post/secret')}",
        password=f"TEST-ONLY-{physics.secret('post/password', 12)}",
        username=f"test-{physics.secret('post/username', 12)}@post.example",
        apikey=f"TEST-ONLY-{physics.secret('post/apikey')}",
    )


def issue_token(owner: Credentials, now: datetime, life: timedelta) -> str:
    """A JSON Web Token for the E-POST API, signed with HS256 and the account's secret."""
    seconds = int(now.timestamp())
    claims = {"ekp": owner.ekp, "vendorID": owner.vendor_id, "iat": seconds, "exp": seconds + int(life.total_seconds())}
    signed = f"{_encoded({'alg': 'HS256', 'typ': 'JWT'})}.{_encoded(claims)}"
    return f"{signed}.{_signature(owner, signed)}"


def token_is_good(owner: Credentials, token: str, now: datetime) -> bool:
    """Whether the token was issued for this account and has not run out."""
    signed, _, signature = token.rpartition(".")
    if not hmac.compare_digest(_signature(owner, signed).encode(), signature.encode()):
        return False
    expires = _claims(token).get("exp")
    return isinstance(expires, int) and now.timestamp() < expires


def account_of(headers: Mapping[str, str], path: str, query: Mapping[str, str], body: bytes) -> str | None:
    """On whose account a request is, without a check of its right: `ekp` or `username`; `None` if it does not say.

    Header names are in lower case.
    """
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return _text(_claims(token).get("ekp"))
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(data, dict):
        return None
    auth = data.get("auth")
    return _text(auth.get("username")) if isinstance(auth, dict) else _text(data.get("ekp"))


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _signature(owner: Credentials, signed: str) -> str:
    return _base64(hmac.new(owner.secret.encode(), signed.encode(), hashlib.sha256).digest())


def _claims(token: str) -> dict[str, object]:
    parts = token.split(".")
    if len(parts) != 3:
        return {}
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, RecursionError, binascii.Error):
        return {}
    return claims if isinstance(claims, dict) else {}


def _encoded(value: Mapping[str, object]) -> str:
    return _base64(json.dumps(value, separators=(",", ":")).encode())


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
