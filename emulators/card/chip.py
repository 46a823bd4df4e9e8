"""The chip: what outlives a reset. What does not is the `session.Session` of a logical channel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from cryptography.hazmat.primitives.asymmetric import ec

from . import status
from .access import ENFORCEMENT, Enforcement, Interface, LifeCycle
from .brainpool import ORDER
from .filesystem import RecordFile, RecordKind, TransparentFile
from .keys import KeyObject, PublicKey
from .object_data import CardProfile, card_profile
from .object_system import Anchor, ObjectSystem, Thing
from .pace import CardEphemerals
from .passwords import PasswordReference, Secret
from .personalisation import FILES, RECORDS, Personalisation
from .rsa_keys import RsaKey
from .status import CommandRefused

__all__ = ["Chip", "Interface", "Record"]

CARDHOLDER_SECRET = "PIN.CH"
_DAYS = "%y%m%d"


@dataclass(slots=True)
class Record:
    data: bytes
    active: bool = True


class Chip:
    """Object system, secrets, keys and contents. Contents are made when first needed, and then kept.

    `life_cycles` holds what is not active, `disabled` the passwords that need no verification, `learnt` the public
    keys of CV certificates. `given_keys` are private keys that do not come from the personalisation.
    """

    __slots__ = (
        "_anchors",
        "_ephemerals",
        "contents",
        "disabled",
        "enforcement",
        "given_keys",
        "leading_zero",
        "learnt",
        "life_cycles",
        "personalisation",
        "point_in_time",
        "profile",
        "record_lists",
        "scenarios",
        "secrets",
        "sources",
        "system",
        "terminated",
    )

    def __init__(
        self,
        system: ObjectSystem,
        secret: Secret,
        personalisation: Personalisation,
        ephemerals: Callable[[], CardEphemerals] | None = None,
        *,
        profile: CardProfile | None = None,
        enforcement: Enforcement = ENFORCEMENT,
    ) -> None:
        self.system = system
        self.personalisation = personalisation
        self.profile = profile or card_profile()
        self.enforcement = enforcement
        self.secrets = {CARDHOLDER_SECRET: secret}
        self.contents: dict[TransparentFile, bytes] = {}
        self.record_lists: dict[RecordFile, list[Record]] = {}
        self.life_cycles: dict[Thing, LifeCycle] = {}
        self.disabled = set(system.disabled)
        self.learnt: list[PublicKey] = []
        self.scenarios: dict[str, int] = {}  # of asynchronous administration: the last one let in, by key
        self.given_keys: dict[str, ec.EllipticCurvePrivateKey | RsaKey] = {}
        self.terminated = False
        self.point_in_time = f"{personalisation.today:{_DAYS}}"
        self.leading_zero = False  # whether the next shared secret of PACE shall begin with 00
        self._anchors: tuple[PublicKey, ...] | None = None
        self._ephemerals = ephemerals
        self.sources: dict[str, Random] = {}  # of randomness, by use; each begins when first drawn from

    # -- secrets --------------------------------------------------------------------------------------------------

    @property
    def secret(self) -> Secret:
        """PIN.CH and what shares it."""
        return self.secrets[CARDHOLDER_SECRET]

    def secret_of(self, password: PasswordReference) -> Secret:
        found = self.secrets.get(password.secret)
        if found is None:
            # Nobody knows the first secret of the deputy's password: it is set by the cardholder.
            found = self.secrets[password.secret] = Secret("", "", limits=password.limits)
        return found

    @property
    def can(self) -> str | None:
        """The secret of SK.CAN, which only a card with an antenna has."""
        return self.personalisation.person.card.can or None if self.system.nfc else None

    def draw_ephemerals(self) -> CardEphemerals:
        """For one run of PACE: those the chip was given, else from a source of randomness of its own."""
        drawn = self._ephemerals() if self._ephemerals else CardEphemerals.draw(self.source("pace"))
        forced, self.leading_zero = self.leading_zero, False
        return drawn._replace(leading_zero=True) if forced else drawn

    def draw(self, size: int) -> bytes:
        """Octets for GET CHALLENGE and GET RANDOM: the same for the same card in the same world."""
        return self.source("random").randbytes(size)

    def source(self, use: str) -> Random:
        """The card's own randomness for one use."""
        found = self.sources.get(use)
        if found is None:
            made = self.personalisation
            found = self.sources[use] = Random(f"TEST-ONLY/{made.seed}/{made.person.card.iccsn}/{use}")
        return found

    # -- files ----------------------------------------------------------------------------------------------------

    def content(self, file: TransparentFile) -> bytes:
        """What is written in a transparent file, up to its logical end."""
        found = self.contents.get(file)
        if found is None:
            make = FILES.get(file.name)
            found = self.contents[file] = make(self.personalisation, self.system) if make else b""
        return found

    def records(self, file: RecordFile) -> list[Record]:
        """The records of a record file, the first first; of a linear fixed file all are there from the beginning."""
        found = self.record_lists.get(file)
        if found is None:
            make = RECORDS.get(file.name)
            if make:
                octets = make(self.personalisation, self.system)
            else:
                fixed = file.kind is RecordKind.LINEAR_FIXED
                octets = (bytes(file.record_size),) * file.records if fixed else ()
            found = self.record_lists[file] = [Record(data) for data in octets]
        return found

    def state(self, thing: Thing) -> LifeCycle:
        """Its life cycle; what lies in a folder that is deactivated or terminated shares that fate."""
        if not self.life_cycles:
            return LifeCycle.ACTIVE
        path = (thing, *self.system.path(self.system.home[thing]))
        states = {self.life_cycles.get(part, LifeCycle.ACTIVE) for part in path}
        return next(s for s in (LifeCycle.TERMINATED, LifeCycle.DEACTIVATED, LifeCycle.ACTIVE) if s in states)

    def own_state(self, thing: Thing) -> LifeCycle:
        """Its life cycle whatever becomes of the folder it lies in: the physical one that the FCP tells."""
        return self.life_cycles.get(thing, LifeCycle.ACTIVE)

    # -- keys -----------------------------------------------------------------------------------------------------

    def available(self, key: KeyObject) -> bool:
        """Whether there is a key in the key object (gemSpec_COS, keyAvailable)."""
        return not key.empty or key.name in self.given_keys

    def draw_key(self, use: str) -> ec.EllipticCurvePrivateKey:
        """A fresh key on brainpoolP256r1, out of the card's own randomness."""
        return ec.derive_private_key(self.source(use).randrange(1, ORDER), ec.BrainpoolP256R1())

    def private_ec(self, key: KeyObject) -> ec.EllipticCurvePrivateKey:
        """Raises `CommandRefused` (6400) for a key object without a key."""
        if not self.available(key):
            raise CommandRefused(status.KEY_INVALID)
        given = self.given_keys.get(key.name)
        return given if isinstance(given, ec.EllipticCurvePrivateKey) else self.personalisation.ec_key(key.name)

    def private_rsa(self, key: KeyObject) -> RsaKey:
        given = self.given_keys.get(key.name)
        return given if isinstance(given, RsaKey) else self.personalisation.rsa_key(key.name)

    @property
    def anchors(self) -> tuple[PublicKey, ...]:
        """The CV keys trusted from the beginning."""
        if self._anchors is None:
            self._anchors = tuple(self._anchor(anchor) for anchor in self.system.anchors)
        return self._anchors

    def _anchor(self, anchor: Anchor) -> PublicKey:
        return self.personalisation.anchor(anchor.data, anchor.rules)

    def public_key(self, reference: bytes) -> PublicKey | None:
        """An anchor or a key learnt, by CAR (8 octets) or CHR (12)."""
        return next((key for key in (*self.learnt, *self.anchors) if key.reference == reference), None)

    def learn(self, key: PublicKey) -> None:
        """Keep a key; when the places for imported keys are full the oldest one goes."""
        self.learnt = [known for known in self.learnt if known.reference != key.reference]
        self.learnt.append(key)
        del self.learnt[: -self.profile.persistent_key_slots or None]
