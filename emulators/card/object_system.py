"""The object system of a G2.1 card as data: folders, files, keys, passwords and their rules.

Left out for now: the sub-applications of DF.HCA, the RSA, ENC and AUTN keys, everything that serves PACE,
CV certificates and card management. Source: gematik's card images (ObjSys G2.1 4.5.0), reference card.md 1.
"""

from __future__ import annotations

from dataclasses import dataclass

from .access import ALWAYS, AccessRules, AllOf, AnyOf, Operation, Password, Role
from .filesystem import Folder, RecordFile, TransparentFile
from .keys import SIGN_ECDSA, KeyObject
from .passwords import PasswordReference

PIN_CH, MRPIN_HOME = 0x01, 0x02

_READ = AccessRules({Operation.READ_BINARY: ALWAYS})
_READ_RECORDS = AccessRules({Operation.READ_RECORD: ALWAYS})
_PASSWORD = AccessRules(
    {
        Operation.VERIFY: ALWAYS,
        Operation.GET_PIN_STATUS: ALWAYS,
        Operation.CHANGE_WITH_OLD: ALWAYS,
        Operation.CHANGE_WITHOUT_OLD: ALWAYS,  # the secret itself refuses it unless it is a Leer-PIN
        Operation.RESET_WITH_NEW: ALWAYS,
        Operation.RESET_WITHOUT_NEW: ALWAYS,
    }
)
# PIN.CH alone never opens the key: it needs the role of a practice's CV certificate beside it.
_CARDHOLDER = AnyOf((Password(MRPIN_HOME), AllOf((Password(PIN_CH), Role(12)))))

PASSWORDS = (
    PasswordReference("PIN.CH", PIN_CH, _PASSWORD),
    PasswordReference("MRPIN.home", MRPIN_HOME, _PASSWORD),
    PasswordReference("MRPIN.NFD", 0x03, _PASSWORD, enabled=False),
    PasswordReference("MRPIN.DPE", 0x04, _PASSWORD, enabled=False),
    PasswordReference("MRPIN.GDD", 0x05, _PASSWORD),
    PasswordReference("MRPIN.NFD_READ", 0x07, _PASSWORD),
    PasswordReference("MRPIN.OSE", 0x09, _PASSWORD),
    PasswordReference("MRPIN.AMTS", 0x0C, _PASSWORD),
)

_ROOT_FILES = (
    TransparentFile("EF.ATR", 0x2F01, 0x1D, 134, _READ),
    RecordFile("EF.DIR", 0x2F00, 0x1E, 200, 32, 20, _READ_RECORDS),
    TransparentFile("EF.GDO", 0x2F02, 0x02, 12, _READ),
    TransparentFile("EF.Version2", 0x2F11, 0x11, 60, _READ),
)
_CARD_ACCESS = TransparentFile("EF.CardAccess", 0x011C, 0x1C, 22, _READ)

HCA = Folder(
    "DF.HCA",
    bytes.fromhex("D27600000102"),
    files=(
        TransparentFile("EF.PD", 0xD001, 0x01, 850, _READ),
        TransparentFile("EF.VD", 0xD002, 0x02, 1250, _READ),
        TransparentFile("EF.StatusVD", 0xD00C, 0x0C, 25, _READ),
    ),
)
ESIGN = Folder(
    "DF.ESIGN",
    bytes.fromhex("A000000167455349474E"),
    files=(TransparentFile("EF.C.CH.AUT.E256", 0xC504, 0x04, 1900, _READ),),
    keys=(
        KeyObject(
            "PrK.CH.AUT.E256",
            0x04,
            frozenset({SIGN_ECDSA}),
            AccessRules({Operation.COMPUTE_DIGITAL_SIGNATURE: _CARDHOLDER}),
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class ObjectSystem:
    """A root folder and the passwords, which on a G2.1 card all lie in the root."""

    root: Folder
    passwords: tuple[PasswordReference, ...] = PASSWORDS
    disabled: frozenset[int] = frozenset(p.reference for p in PASSWORDS if not p.enabled)

    def folder(self, aid: bytes) -> Folder | None:
        """The folder with that AID; an empty one names the root."""
        if not aid or aid == self.root.aid:
            return self.root
        return next((folder for folder in self.root.folders if folder.aid == aid), None)

    def password(self, reference: int) -> PasswordReference | None:
        """By reference; bit 80 would search the current folder, where this generation keeps none."""
        return next((password for password in self.passwords if password.reference == reference), None)


def _system(*more: TransparentFile) -> ObjectSystem:
    aid = bytes.fromhex("D2760001448000")
    return ObjectSystem(Folder("MF", aid, 0x3F00, files=(*_ROOT_FILES, *more), folders=(HCA, ESIGN)))


DUAL_INTERFACE = _system(_CARD_ACCESS)
CONTACT_ONLY = _system()
