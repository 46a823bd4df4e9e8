"""How the services of a world are set up by those who run them, where there is a choice."""

from __future__ import annotations

from dataclasses import dataclass, field

from emulators.mail.server import Logins
from emulators.post.profile import Delivery
from emulators.sms.smpp.account import Rules


@dataclass(frozen=True, slots=True)
class Services:
    """`letter_delivery` is how long letters are on their way: all the same time, or each as drawn for it from the seed.

    `mail_logins` says who may send: `any` user name and password will do, and none as well, or only the world's `own`.
    `smpp` is what the account's SMPP sessions may do, and how its receipts are written.
    """

    letter_delivery: Delivery = "fixed"
    mail_logins: Logins = "any"
    smpp: Rules = field(default_factory=Rules)
