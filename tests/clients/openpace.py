"""A PACE terminal that is not ours: OpenPACE's libeac through ctypes does all of its cryptography."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from ctypes import c_char, c_char_p, c_int, c_size_t, c_ulong, c_void_p

LIBRARY = "libeac.so.3"
_CAN, _PACE = 2, 0  # enum s_type, EAC_ID_PACE
_BLOCK = 16


class _Buffer(ctypes.Structure):
    """OpenSSL's BUF_MEM."""

    _fields_ = (("length", c_size_t), ("data", c_void_p), ("max", c_size_t), ("flags", c_ulong))


_BufferPointer = ctypes.POINTER(_Buffer)
# name: result, arguments after the context (b a buffer)
_FUNCTIONS: dict[str, tuple[object, tuple[object, ...]]] = {
    "EAC_CTX_set_encryption_ctx": (c_int, (c_void_p, c_int)),
    "PACE_STEP2_dec_nonce": (c_int, (c_void_p, c_void_p, _BufferPointer)),
    "PACE_STEP3A_generate_mapping_data": (_BufferPointer, (c_void_p,)),
    "PACE_STEP3A_map_generator": (c_int, (c_void_p, _BufferPointer)),
    "PACE_STEP3B_generate_ephemeral_key": (_BufferPointer, (c_void_p,)),
    "PACE_STEP3B_compute_shared_secret": (c_int, (c_void_p, _BufferPointer)),
    "PACE_STEP3C_derive_keys": (c_int, (c_void_p,)),
    "PACE_STEP3D_compute_authentication_token": (_BufferPointer, (c_void_p, _BufferPointer)),
    "PACE_STEP3D_verify_authentication_token": (c_int, (c_void_p, _BufferPointer)),
    "EAC_increment_ssc": (c_int, (c_void_p,)),
    "EAC_encrypt": (_BufferPointer, (c_void_p, _BufferPointer)),
    "EAC_decrypt": (_BufferPointer, (c_void_p, _BufferPointer)),
    "EAC_authenticate": (_BufferPointer, (c_void_p, _BufferPointer)),
}


class OpenPaceError(Exception):
    """libeac refuses a step, or the card answers with another status word than 9000."""


def _padded(octets: bytes) -> bytes:
    return octets + b"\x80" + bytes(-(len(octets) + 1) % _BLOCK)


class OpenPaceTerminal:
    """Opens PACE with a CAN and then wraps commands, short ones, in secure messaging."""

    def __init__(self, transmit: Callable[[bytes], bytes], card_access: bytes, can: str) -> None:
        """Raises `OSError` without the library."""
        self._transmit = transmit
        self._library = library = ctypes.CDLL(LIBRARY)
        for name, (result, arguments) in _FUNCTIONS.items():
            function = getattr(library, name)
            function.restype, function.argtypes = result, arguments
        library.EAC_CTX_new.restype = c_void_p
        library.EAC_CTX_init_ef_cardaccess.argtypes = (c_char_p, c_size_t, c_void_p)
        library.PACE_SEC_new.restype = c_void_p
        library.PACE_SEC_new.argtypes = (c_char_p, c_size_t, c_int)
        library.EAC_init()
        self._context = c_void_p(library.EAC_CTX_new())
        if library.EAC_CTX_init_ef_cardaccess(card_access, len(card_access), self._context) != 1:
            raise OpenPaceError("libeac does not understand EF.CardAccess")
        self._secret = c_void_p(library.PACE_SEC_new(can.encode(), len(can), _CAN))

    def open(self) -> None:
        """The four rounds. Raises `OpenPaceError`."""
        self._plain(bytes.fromhex("0022C1A40F800A04007F00070202040202830102"))
        nonce = self._round(0x10, b"", 0x80)
        self._call("PACE_STEP2_dec_nonce", self._secret, nonce)
        mapping = self._call("PACE_STEP3A_generate_mapping_data")
        self._call("PACE_STEP3A_map_generator", self._round(0x10, b"\x81" + _short(mapping), 0x82))
        ours = self._call("PACE_STEP3B_generate_ephemeral_key")
        theirs = self._round(0x10, b"\x83" + _short(ours), 0x84)
        self._call("PACE_STEP3B_compute_shared_secret", theirs)
        self._call("PACE_STEP3C_derive_keys")
        token = self._call("PACE_STEP3D_compute_authentication_token", theirs)
        self._call("PACE_STEP3D_verify_authentication_token", self._round(0x00, b"\x85" + _short(token), 0x86))
        if self._library.EAC_CTX_set_encryption_ctx(self._context, _PACE) != 1:
            raise OpenPaceError("libeac has no session keys")

    def secured(self, header: bytes, data: bytes = b"", le: bytes = b"") -> bytes:
        """A command through the channel: data ‖ status word. Raises `OpenPaceError` if a MAC or the status is wrong."""
        protected = bytes((header[0] | 0x0C, *header[1:]))
        body = b""
        if data:
            body += b"\x87" + _short(b"\x01" + self._next("EAC_encrypt", _padded(data)))
        else:
            self._call("EAC_increment_ssc")
        if le:
            body += b"\x97" + _short(le)
        mac = self._call("EAC_authenticate", _padded(protected) + (_padded(body) if body else b""))
        body += b"\x8e" + _short(mac)
        return self._opened(self._transmit(protected + bytes((len(body),)) + body + b"\x00"))

    def _next(self, step: str, octets: bytes) -> bytes:
        self._call("EAC_increment_ssc")
        return self._call(step, octets)

    def _opened(self, response: bytes) -> bytes:
        body, outer = response[:-2], response[-2:]
        signed, mac = body[:-10], body[-8:]
        self._call("EAC_increment_ssc")
        if body[-10:-8] != b"\x8e\x08" or self._call("EAC_authenticate", _padded(signed)) != mac:
            raise OpenPaceError(f"no valid MAC in {response.hex()}")
        if signed[-4:-2] != b"\x99\x02" or signed[-2:] != outer:
            raise OpenPaceError(f"no protected status word in {response.hex()}")
        enciphered = signed[:-4]
        if not enciphered:
            return outer
        if enciphered[0] == 0x81:
            return enciphered[2:] + outer
        plain = self._call("EAC_decrypt", enciphered[3:])
        return plain.rstrip(b"\x00")[:-1] + outer

    def _round(self, cla: int, request: bytes, answer: int) -> bytes:
        data = b"\x7c" + _short(request)
        reply = self._plain(bytes((cla, 0x86, 0, 0, len(data))) + data + b"\x00")
        if reply[0] != 0x7C or reply[2] != answer:
            raise OpenPaceError(f"the card answers {reply.hex()}")
        return reply[4:]

    def _plain(self, command: bytes) -> bytes:
        response = self._transmit(command)
        if response[-2:] != b"\x90\x00":
            raise OpenPaceError(response[-2:].hex())
        return response[:-2]

    def _call(self, step: str, *values: object) -> bytes:
        """A step on this context; octets go in and come out as buffers. Raises `OpenPaceError`."""
        kept = [ctypes.create_string_buffer(value, len(value)) for value in values if isinstance(value, bytes)]
        buffers = iter(kept)
        arguments = [_pointer(next(buffers)) if isinstance(value, bytes) else value for value in values]
        result = getattr(self._library, step)(self._context, *arguments)
        if not result:
            raise OpenPaceError(f"{step} failed")
        if isinstance(result, int):
            return b""
        return ctypes.string_at(result.contents.data, result.contents.length)


def _pointer(octets: ctypes.Array[c_char]) -> object:
    return ctypes.pointer(_Buffer(len(octets), ctypes.cast(octets, c_void_p), len(octets), 0))


def _short(value: bytes) -> bytes:
    return bytes((len(value),)) + value
