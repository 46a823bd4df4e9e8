"""The ident provider: takes cases from partners, leads users through them, reports and hands out results.

Not covered: SMS with the link to the app, chip and eID procedures, deletion of cases on demand.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping
from functools import cached_property
from random import Random
from typing import ClassVar
from uuid import UUID

from starlette.applications import Starlette

from emulators.core.emulator import Door
from emulators.core.faults import Fault
from emulators.core.physics import Physics

from . import doors
from .api import build
from .case import Case
from .faults import FAULTS
from .order import CaseOrder, IdempotencyConflict
from .states import ROBO_IDENT_2021, Profile
from .webhooks import Webhooks


class IdentProvider:
    """The provider and all its cases. `sessions` are the cases by the id of the app's session."""

    name: ClassVar[str] = "ident"
    faults: ClassVar[Mapping[str, type[Fault]]] = FAULTS

    def __init__(self, physics: Physics, profile: Profile = ROBO_IDENT_2021) -> None:
        self.physics = physics
        # Standard Webhooks wants 24 to 64 octets, in base64 behind the prefix.
        secret = physics.credential("TEST ONLY: key of ident webhooks").encode()
        self.webhook_secret = "whsec_" + b64encode(secret).decode()
        self.api_key = physics.credential("TEST-ONLY-ident-key")
        self.profile = profile
        self.cases: dict[str, Case] = {}
        self.sessions: dict[str, Case] = {}
        self._by_key: dict[str, tuple[CaseOrder, Case]] = {}
        self._webhooks = Webhooks(physics, self.name, self.webhook_secret, profile.webhook_retries)

    @cached_property
    def app(self) -> Starlette:
        """Partner API and user's pages as one ASGI app."""
        return build(self)

    @cached_property
    def _randomness(self) -> Random:
        return self.physics.randomness(self.name)

    def doors(self) -> Iterable[Door]:
        return doors.doors(self.name, self.app, self.physics)

    def create(self, order: CaseOrder, idempotency_key: str | None = None) -> Case:
        """Open a case. With a key already used the case of then is given back.

        Raises `IdempotencyConflict` if that case was asked for with another body.
        """
        if idempotency_key is not None and idempotency_key in self._by_key:
            earlier, case = self._by_key[idempotency_key]
            if earlier != order:
                raise IdempotencyConflict(f"{idempotency_key} was used with another body")
            return case
        case_id, session_id = self._uuid(), self._uuid()
        announce = self._webhooks.announce
        case = Case(case_id, session_id, order, self.physics, self.profile, self._randomness, announce)
        self.cases[case_id] = self.sessions[session_id] = case
        if idempotency_key is not None:
            self._by_key[idempotency_key] = (order, case)
        self.physics.journal.write(self.name, "case.created", case_id=case_id, external_ref=order.external_ref)
        return case

    def case(self, case_id: str) -> Case:
        """The case with that id. Raises `LookupError`."""
        try:
            return self.cases[case_id]
        except KeyError:
            raise LookupError(f"no case {case_id}") from None

    def _uuid(self) -> str:
        return str(UUID(int=self._randomness.getrandbits(128), version=4))
