"""The gateway's doors on sockets: REST and SMPP lead to the same messages and handsets."""

from __future__ import annotations

import socket
import struct
from urllib.parse import urlsplit

import requests

from emulators.sms.gateway import SmsGateway
from emulators.wire.loop import BackgroundLoop

NUMBER = "+491713920000"


def pdu(command: int, sequence: int, body: bytes) -> bytes:
    return struct.pack(">IIII", 16 + len(body), command, 0, sequence) + body


def answer_to(line: socket.socket, request: bytes) -> tuple[int, int]:
    """Command id and status of the next answer."""
    line.sendall(request)
    head = line.recv(16, socket.MSG_WAITALL)
    length, command, status, _ = struct.unpack(">IIII", head)
    line.recv(length - 16, socket.MSG_WAITALL) if length > 16 else b""
    return command, status


def test_rest_and_smpp_reach_the_same_handset(sms: SmsGateway) -> None:
    handset = sms.handset(NUMBER)
    rest, smpp = sms.doors()
    with BackgroundLoop() as loop:
        try:
            base, address = rest.open(loop), urlsplit(smpp.open(loop))
            form = {"To": NUMBER, "From": "Musterkasse", "Body": "by REST"}
            url = f"{base}/2010-04-01/Accounts/{sms.account_sid}/Messages.json"
            assert requests.post(url, data=form, auth=(sms.account_sid, sms.auth_token), timeout=5).status_code == 201
            login = f"{sms.smpp_system_id}\0{sms.smpp_password}\0\0".encode() + b"\x34\0\0\0"
            submit = b"\0\x05\0Musterkasse\0\x01\x01491713920000\0" + b"\0\0\0\0\0\0\0\0\0" + bytes((7,)) + b"by SMPP"
            with socket.create_connection((address.hostname or "", address.port or 0), timeout=5) as line:
                assert answer_to(line, pdu(0x09, 1, login)) == (0x80000009, 0)
                assert answer_to(line, pdu(0x04, 2, submit)) == (0x80000004, 0)
        finally:
            smpp.close()
            rest.close()
    sms.physics.happen()
    assert sorted(text.body for text in handset.inbox) == ["by REST", "by SMPP"]


def test_every_fault_of_the_gateway_has_a_point_and_says_what_it_does(sms: SmsGateway) -> None:
    for kind, fault in sms.faults.items():
        assert fault.point, kind
        assert fault.about().endswith("."), kind
        fault()
