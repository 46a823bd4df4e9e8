"""A person, cards of all kinds for them, and a reader that speaks hex."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import NamedTuple

import pytest
from cryptography import x509

from emulators.card import CardPki, HealthCard, Interface
from emulators.card.access import Chat
from emulators.card.apdu import CommandApdu, Response
from emulators.card.authority import private_key
from emulators.card.cvc import CvCertificate, sign_digest
from emulators.card.key_commands import mutual_open, mutual_seal, mutual_session_keys, role_digest
from emulators.card.pace import SessionKeys
from emulators.card.passwords import pin_block
from emulators.card.secure_messaging import TerminalChannel
from emulators.card.status import StatusWord
from emulators.core.person import Person
from tests.card_holder import holder

TODAY = date(2021, 3, 23)
CLARA = holder("Clara", "Prüfer", born=date(1985, 2, 28), kvnr="X110359890")

MakeCard = Callable[..., HealthCard]
Reader = Callable[[str], str]
Insert = Callable[..., Reader]


@pytest.fixture
def clara() -> Person:
    return CLARA


@pytest.fixture
def make_card() -> MakeCard:
    """Clara's card, with the options of `HealthCard.personalised`."""

    def make(**options: object) -> HealthCard:
        return HealthCard.personalised(CLARA, **{"today": TODAY, **options})  # type: ignore[arg-type]  # passed on

    return make


@pytest.fixture
def insert() -> Insert:
    """A card in a reader, by default on its contacts: hex in, hex out."""

    def put(card: HealthCard, interface: Interface = Interface.CONTACT) -> Reader:
        card.power_on(interface)
        return lambda command: card.transmit(bytes.fromhex(command), interface).hex().upper()

    return put


@pytest.fixture
def reader(make_card: MakeCard, insert: Insert) -> Reader:
    return insert(make_card())


ESIGN = "00A4040C0AA000000167455349474E"
VERIFY_HOME = "0020000208" + pin_block("123456").hex()


class Answer(NamedTuple):
    """What a command under secure messaging has come to, and whether the card protected the answer."""

    sw: int
    data: bytes = b""
    protected: bool = True


def through(
    card: HealthCard, channel: TerminalChannel, command: CommandApdu, interface: Interface = Interface.CONTACT
) -> Answer:
    """The command through the session, and the answer back."""
    raw = card.transmit(channel.wrap(command).to_bytes(), interface)
    answer = Response(raw[:-2], StatusWord.from_bytes(raw[-2:], "big"))
    if not answer.data:
        return Answer(answer.sw, protected=False)
    plain = channel.unwrap(answer)
    return Answer(plain.sw, plain.data)


def data(answer: str) -> bytes:
    assert answer.endswith("9000"), answer
    return bytes.fromhex(answer)[:-2]


def extended(header: str, body: bytes) -> str:
    """A command with length fields of extended form, all of the answer wanted."""
    return f"{header}00{len(body):04X}{body.hex()}0000"


@pytest.fixture
def cardholder(make_card: MakeCard, insert: Insert) -> Reader:
    reader = insert(make_card())
    reader(VERIFY_HOME)
    reader(ESIGN)
    return reader


def public_key(reader: Reader, sfid: int) -> x509.Certificate:
    return x509.load_der_x509_certificate(data(reader(f"00B0{0x80 | sfid:02X}00000000")))


ROOT_CAR = b"DEPST" + bytes.fromhex("870221")
ICCSN8 = bytes.fromhex(CLARA.card.iccsn)[2:]
PRACTICE = bytes.fromhex("000A" + "80276883119999999999")


def tell(reader: Reader, certificate: CvCertificate, issuer: bytes) -> str:
    """Choose the issuer's key, then present a certificate."""
    assert reader("002281B60A8308" + issuer.hex()) == "9000"
    content = certificate.content()
    return reader(f"002A00BE{len(content):02X}" + content.hex())


@pytest.fixture
def present() -> Callable[[Reader, CvCertificate, bytes], str]:
    return tell


def authenticate(reader: Reader, *roles: int) -> None:
    """Authenticate as a practice whose certificate has these roles, as its own card would."""
    key, pki = private_key("TEST-ONLY/practice"), CardPki()
    authority = pki.cv_issuer_certificate()
    certificate = pki.cv_certificate(PRACTICE, key.public_key(), Chat.ti(*roles), TODAY)
    assert tell(reader, authority, ROOT_CAR) == "9000"
    assert tell(reader, certificate, authority.holder) == "9000"
    assert reader("002281A411" + "830C" + PRACTICE.hex() + "800100") == "9000"
    challenge = bytes.fromhex(reader("0084000010")[:32])
    proof = sign_digest(key, role_digest(challenge + bytes.fromhex(CLARA.card.iccsn)[2:]))
    assert reader("0082000040" + proof.hex()) == "9000"


@pytest.fixture
def grant() -> Callable[..., None]:
    return authenticate


class Management:
    """What card management does with one of its symmetric keys."""

    def __init__(self, card: HealthCard, reader: Reader, kid: int = 0x13, name: str = "SK.CMS.AES128") -> None:
        self.keys = SessionKeys(*card.chip.personalisation.symmetric_keys(name))
        self.card, self.reader, self.kid = card, reader, kid
        self.material = bytes(range(64))

    def cryptogram(self, number: bytes = b"TESTONLY") -> bytes:
        """For a random number that the card has just drawn; `number` is iccsn8 of this side."""
        challenge = data(self.reader("0084000010"))
        assert self.reader(f"002281A4068301{self.kid:02X}800154") == "9000"
        return mutual_seal(self.keys, bytes(16) + number + challenge + ICCSN8 + self.material)

    def agree(self) -> TerminalChannel:
        plain = mutual_open(self.keys, data(self.reader(extended("00820000", self.cryptogram()))))
        assert plain is not None
        assert plain[24:48] == bytes(16) + b"TESTONLY"
        return TerminalChannel(mutual_session_keys(self.material, plain[48:], len(self.keys.encryption)))
