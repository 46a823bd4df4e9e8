"""How fast the post is: print centre, days on the way, days until a return is known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time, timedelta
from random import Random
from typing import Literal

Delivery = Literal["fixed", "law_2025", "before_2025"]

# Share of the letters that arrive on the n-th working day after posting, in thousandths; `None` is a lost letter,
# `_LATER` one that takes longer still. § 18 PostG asks since 2025 for 95 % by the third and 99 % by the fourth day;
# before, 80 % by the first and 95 % by the second were due (PUDLV § 2). How the rest is spread is our assumption.
_LATER = 0
_SHARES: dict[Delivery, tuple[tuple[int | None, int], ...]] = {
    "law_2025": ((1, 300), (2, 450), (3, 200), (4, 40), (_LATER, 9), (None, 1)),
    "before_2025": ((1, 800), (2, 150), (3, 30), (4, 10), (_LATER, 9), (None, 1)),
}
_LATER_DAYS = (5, 20)


@dataclass(frozen=True, slots=True)
class PostProfile:
    """How fast the post is.

    Letters submitted before `cut_off` are posted the same working day. With the delivery `fixed`, each is
    `transit_days` working days on its way; otherwise as long as its draw says. A letter that cannot be delivered is
    back after `return_days` further working days; Premiumadress tells it `feedback_days` after the attempt.
    Between two status queries of the E-POST API `status_interval` must pass (the real one asks for 5 seconds; here
    the default is none, for a clock that stands still would refuse every second query).
    """

    delivery: Delivery = "fixed"
    transit_days: int = 2
    cut_off: time = time(17, 0)
    release_hour: time = time(14, 0)
    delivery_hour: time = time(11, 0)
    return_days: int = 2
    feedback_days: int = 1
    processing: timedelta = timedelta(minutes=5)
    printing: timedelta = timedelta(hours=1)
    status_interval: timedelta = timedelta(0)

    def days_on_the_way(self, random: Random) -> int | None:
        """Working days from posting to delivery, `None` for a letter that is lost. `random` is the letter's own."""
        if self.delivery == "fixed":
            return self.transit_days
        shares = _SHARES[self.delivery]
        (days,) = random.choices([days for days, _ in shares], [share for _, share in shares])
        return random.randint(*_LATER_DAYS) if days == _LATER else days


STANDARD = PostProfile()
