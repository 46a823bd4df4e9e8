"""What a reset clears: the session, one for each logical channel (gemSpec_COS 12)."""

from __future__ import annotations

from .access import GRANTED_ENCIPHERED, Chat, Enforcement, Interface, Operation, SecurityStatus
from .chip import Chip
from .filesystem import ElementaryFile, Folder
from .key_agreement import Agreed, KeyAgreement
from .keys import Chosen, KeyObject, PublicKey, Purpose
from .object_system import Thing
from .secure_messaging import CardChannel


class Session:
    """What a reset clears, of one logical channel: place, security status, chosen keys, random number.

    `peers` are all open channels by number, among them this one.
    """

    __slots__ = (
        "_system",
        "agreement",
        "challenge",
        "chip",
        "chosen",
        "enciphers_response",
        "environments",
        "file",
        "folder",
        "interface",
        "peers",
        "secure_channel",
        "security",
        "session_key",
        "session_role",
    )

    def __init__(self, chip: Chip, peers: dict[int, Session] | None = None) -> None:
        self.chip = chip
        self.peers = {0: self} if peers is None else peers
        self._system = chip.system
        self.folder: Folder = chip.system.root
        self.file: ElementaryFile | None = None
        self.security = SecurityStatus(chip.disabled)
        self.chosen: dict[Purpose, Chosen] = {}
        self.environments: dict[Folder, int] = {}  # those that are not number 1
        self.challenge = b""
        self.agreement = KeyAgreement()
        self.session_key = ""  # the key behind the session keys in force
        self.session_role: Chat | None = None  # what that key proves, if it is out of a certificate
        self.secure_channel: CardChannel | None = None
        self.enciphers_response = False  # whether the rule that let the command pass demands it
        self.interface = Interface.CONTACT

    def enter(self, folder: Folder) -> None:
        """Make `folder` the current one, and forget what belongs to folders left: passwords verified there, keys
        chosen there, their security environment. What the root holds, PACE included, stays (gemSpec_COS N048.200).
        """
        if folder is not self.folder:
            path = self._system.path(folder)
            for left in self._system.path(self.folder):
                if left not in path:
                    self.forget(left)
                    self.environments.pop(left, None)
        self.folder, self.file = folder, None

    def forget(self, folder: Folder) -> None:
        """The security status that belongs to a folder, the keys chosen in it, and the session keys agreed on with one
        of its keys (gemSpec_COS N030.720)."""
        verified = self.security.verified
        if verified:
            verified.difference_update(password.name for password in folder.passwords)
        if self.chosen:
            self.chosen = {purpose: c for purpose, c in self.chosen.items() if self._home(c) is not folder}
        if folder is self._system.root:
            self.security.roles.clear()
            self.agreement.chosen = False
        if self.secure_channel is not None and self._agreed_in(folder):
            self.end_secure_messaging()

    def _agreed_in(self, folder: Folder) -> bool:
        """Whether the key behind the session keys is the folder's own; those out of certificates are the root's."""
        if self.session_role is not None:
            return folder is self._system.root
        return any(key.name == self.session_key for key in folder.keys)

    def clear_key(self, proof: str | Chat) -> None:
        """A key's authentication has failed: what it had proved counts no longer, and session keys agreed on with it go
        as well (gemSpec_COS N030.600, N030.700). `proof` is a symmetric key's name, or what a public key may do."""
        if isinstance(proof, Chat) and proof in self.security.roles:
            self.security.roles.remove(proof)
        if proof in (self.session_key, self.session_role):
            self.end_secure_messaging()

    def begin_secure_messaging(self, agreed: Agreed) -> None:
        self.end_secure_messaging()
        self.secure_channel = CardChannel(agreed.keys)
        self.session_key, self.session_role = agreed.key, agreed.role
        if agreed.role is not None and agreed.role not in self.security.roles:
            self.security.roles.append(agreed.role)

    def end_secure_messaging(self) -> None:
        """Keys, and with them what they prove, are gone; verified passwords stay (gemSpec_COS N030.740)."""
        if self.session_role in self.security.roles:
            self.security.roles.remove(self.session_role)
        self.secure_channel, self.session_key, self.session_role = None, "", None

    def start_over(self) -> None:
        """All channels close but the first, which begins anew (gemSpec_COS N099.548 d). The answer to the command that
        asks for it still goes back through this session."""
        self.peers.clear()
        self.peers[0] = Session(self.chip, self.peers)

    def _home(self, chosen: Chosen) -> Folder:
        return self._system.home[chosen.key] if isinstance(chosen.key, KeyObject) else self._system.root

    def may(self, operation: Operation, thing: Thing | PublicKey) -> bool:
        """Whether the rule for `operation` is fulfilled; notes whether the response must then be enciphered.

        Where the contacts' rules hold over the air as well, none says so; having asked one there is taken for it.
        """
        over_the_air = self.interface is Interface.CONTACTLESS
        contactless = over_the_air and self.chip.enforcement is Enforcement.AS_SPECIFIED
        if isinstance(thing, PublicKey):
            condition = thing.rules.find(operation, contactless)
        else:
            if self.environments and self.environments.get(self._system.home[thing], 1) != 1:
                return False
            condition = thing.rules.find(operation, contactless, self.chip.state(thing))
        verdict = condition.judge(self.security)
        self.enciphers_response = verdict == GRANTED_ENCIPHERED or (over_the_air and not contactless)
        return verdict != 0
