"""The apps' side of a health card: a few commands, and a signed challenge made of them.

Sequence and shapes: gematik's app (SELECT, READ BINARY, VERIFY MRPIN.home, MSE, PSO COMPUTE DIGITAL SIGNATURE).
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Mapping
from typing import NamedTuple

from harness.reference.declined import Declined

from .platform import Transceiver

SELECT_ROOT = bytes.fromhex("00A4040C07D2760001448000")
SELECT_ESIGN = bytes.fromhex("00A4040C0AA000000167455349474E")
READ_GDO = bytes.fromhex("00B0820000")
READ_CERTIFICATE = bytes.fromhex("00B08400000000")  # by SFID 04, extended Le: all there is
GET_PIN_STATUS = bytes.fromhex("80200002")
VERIFY = bytes.fromhex("0020000208")
CHOOSE_KEY = bytes.fromhex("002241B606840184800100")  # PrK.CH.AUT.E256, signECDSA
SIGN = bytes.fromhex("002A9E9A20")

OK, END_OF_FILE, BLOCKED = 0x9000, 0x6282, 0x6983


class Answer(NamedTuple):
    data: bytes
    sw: int


class CardReader:
    """Speaks to one card. Every method raises `CardLost` if it goes away."""

    def __init__(self, card: Transceiver) -> None:
        self._card = card

    def iccsn(self) -> str:
        """The card's number, from EF.GDO (`5A 0A` and ten octets of BCD)."""
        self._demand(self._send(SELECT_ROOT))
        return self._demand(self._send(READ_GDO))[2:12].hex()

    def certificate(self) -> bytes:
        """C.CH.AUT.E256 in DER."""
        self._demand(self._send(SELECT_ESIGN))
        return self._demand(self._send(READ_CERTIFICATE))

    def verify_pin(self, pin: str) -> None:
        """Present the PIN as MRPIN.home. Raises `Declined` with the tries left.

        What cannot be a PIN is not sent: it would cost a try for nothing.
        """
        self._demand(self._send(SELECT_ROOT))
        is_pin = 6 <= len(pin) <= 8 and pin.isascii() and pin.isdigit()
        block = bytes.fromhex(f"2{len(pin)}{pin:F<14}") if is_pin else b""
        sw = self._send(VERIFY + block if is_pin else GET_PIN_STATUS).sw
        if sw == OK and is_pin:
            return
        if sw == BLOCKED or sw == 0x63C0:
            raise Declined("pin_blocked", "use_puk")
        if sw & 0xFFF0 == 0x63C0:
            raise Declined("pin_wrong", f"tries_left:{sw & 0xF}")
        raise Declined("pin_not_usable", f"status:{sw:04X}")

    def sign(self, digest: bytes) -> bytes:
        """R‖S over a digest of 32 octets, after the PIN."""
        self._demand(self._send(SELECT_ESIGN))
        self._demand(self._send(CHOOSE_KEY))
        return self._demand(self._send(SIGN + digest + b"\0"))

    def signed_challenge(self, certificate: bytes, challenge: str) -> str:
        """A JWS in compact form over the challenge, with the card's certificate in its header."""
        header = {"alg": "BP256R1", "typ": "JWT", "cty": "NJWT", "x5c": [b64encode(certificate).decode()]}
        signed = f"{_encoded(header)}.{_encoded({'njwt': challenge})}"
        signature = self.sign(hashlib.sha256(signed.encode()).digest())
        return f"{signed}.{_base64url(signature)}"

    def _send(self, command: bytes) -> Answer:
        response = self._card.transceive(command)
        return Answer(response[:-2], int.from_bytes(response[-2:], "big"))

    @staticmethod
    def _demand(answer: Answer) -> bytes:
        """The data. Raises `Declined` (`card_not_readable`) for a status that says there are none."""
        if answer.sw not in (OK, END_OF_FILE):
            raise Declined("card_not_readable", f"status:{answer.sw:04X}")
        return answer.data


def _encoded(part: Mapping[str, object]) -> str:
    return _base64url(json.dumps(part, separators=(",", ":")).encode())


def _base64url(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
