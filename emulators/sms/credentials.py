"""The keys of the account, all from one place. TEST ONLY."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from emulators.core.physics import Physics


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a client logs in with. `account_sid` and `auth_token` are Twilio's pair; the test pair knows the magic
    numbers; `smpp_system_id` has at most 15 characters, `smpp_password` at most 8, as SMPP 3.4 wants them."""

    account_sid: str
    auth_token: str
    test_account_sid: str
    test_auth_token: str
    messaging_service_sid: str
    smpp_system_id: str
    smpp_password: str
    seven_key: str


def credentials_of(physics: Physics) -> Credentials:
    """The account's keys, derived from the world."""
    random = physics.secrets("sms/credentials")
    return Credentials(
        account_sid=f"AC{_hex(random, 32)}",
        auth_token=_hex(random, 32),
        test_account_sid=f"AC{_hex(random, 32)}",
        test_auth_token=_hex(random, 32),
        messaging_service_sid=f"MG{_hex(random, 32)}",
        smpp_system_id=f"test{_hex(random, 11)}",
        smpp_password=_hex(random, 8),
        seven_key=f"TEST-ONLY-{_hex(random, 32)}",
    )


def _hex(random: Random, digits: int) -> str:
    return f"{random.getrandbits(4 * digits):0{digits}x}"
