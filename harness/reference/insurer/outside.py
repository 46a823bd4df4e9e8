"""The way out: HTTP to gateway, post, ident provider and branches, SMTP to the mail server.

Whatever answers there, or does not, ends as a value or as one of two errors.
"""

from __future__ import annotations

import base64
import smtplib
import ssl
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any, Protocol

import requests

TIMEOUT = 5.0  # seconds


class Unavailable(Exception):
    """Nobody answers, or not in their right mind; another try may work."""


class Rejected(Exception):
    """The other side understood and says no; the same again will not work. `status` is theirs."""

    def __init__(self, status: int) -> None:
        super().__init__(str(status))
        self.status = status


class MailClient(Protocol):
    """What `smtplib.SMTP` offers for sending."""

    def starttls(self, *, context: ssl.SSLContext | None = None) -> object: ...
    def login(self, user: str, password: str) -> object: ...
    def send_message(self, msg: EmailMessage) -> object: ...


OpenMail = Callable[[], AbstractContextManager[MailClient]]


class Line:
    """One HTTP session for all calls."""

    def __init__(self) -> None:
        self._session = requests.Session()
        self._session.trust_env = False  # a proxy of the machine has no part in this

    def close(self) -> None:
        self._session.close()

    def call(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        json: object = None,
        form: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
    ) -> dict[str, Any]:
        """The JSON object answered.

        Raises `Unavailable` (broken line, 429, 5xx, no JSON) and `Rejected` (any other 4xx).
        """
        body = self.ask(method, url, headers=headers, json=json, form=form, auth=auth)
        if not isinstance(body, dict):
            raise Unavailable(f"{method} {url}: no JSON object")
        return body

    def ask(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        json: object = None,
        form: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
    ) -> Any:
        """The JSON answered, whatever it is. Raises as `call` does."""
        try:
            answer = self._session.request(
                method, url, headers=headers, json=json, data=form, auth=auth, timeout=TIMEOUT, allow_redirects=False
            )
        except (requests.RequestException, OSError) as error:
            raise Unavailable(f"{method} {url}: {type(error).__name__}") from error
        if 400 <= answer.status_code < 500 and answer.status_code != 429:
            raise Rejected(answer.status_code)
        if not 200 <= answer.status_code < 300:
            raise Unavailable(f"{method} {url}: status {answer.status_code}")
        try:
            return answer.json()
        except ValueError as error:
            raise Unavailable(f"{method} {url}: no JSON") from error


@dataclass(frozen=True, slots=True)
class SmsClient:
    """The SMS gateway's Messages resource (form in, JSON out, Basic auth)."""

    line: Line
    address: str
    account_sid: str
    token: str
    sender: str = "Musterkasse"

    def send(self, to: str, text: str, status_callback: str) -> str:
        """Hand an SMS over; returns the gateway's message SID. Raises `Unavailable`, `Rejected`."""
        url = f"{self.address}/2010-04-01/Accounts/{self.account_sid}/Messages.json"
        form = {"To": to, "From": self.sender, "Body": text, "StatusCallback": status_callback}
        try:
            return str(self.line.call("POST", url, form=form, auth=(self.account_sid, self.token)).get("sid", ""))
        except Rejected as error:
            if error.status != 401:
                raise
            # Our account is not in order (key, credit); nothing is wrong with the number.
            raise Unavailable("the gateway does not serve our account") from error


@dataclass(slots=True)
class PostClient:
    """The print partner's letters. `key` is its login in one string, `vendorID:ekp:secret:password`."""

    line: Line
    address: str
    key: str
    token: str = ""

    def send(self, file_name: str, pdf: bytes, recipient: list[str]) -> int:
        """Hand a letter over; returns its number. Raises `Unavailable`, `Rejected`."""
        *lines, place = recipient
        letter: dict[str, object] = {f"addressLine{number}": line for number, line in enumerate(lines, 1)}
        letter |= {"fileName": file_name, "data": base64.b64encode(pdf).decode(), "isColor": False}
        letter |= {"zipCode": place[:5], "city": place[6:]}
        try:
            answer = self._submit(letter)
        except Rejected as error:
            if error.status != 401:
                raise
            self.token = ""  # it has run out
            answer = self._submit(letter)
        try:
            return int(answer[0]["letterID"])
        except (LookupError, TypeError, ValueError) as error:
            raise Unavailable("the print partner gives no number for the letter") from error

    def _submit(self, letter: Mapping[str, object]) -> Any:
        if not self.token:
            names = ("vendorID", "ekp", "secret", "password")
            login = dict(zip(names, self.key.split(":"), strict=False))
            self.token = str(self.line.call("POST", f"{self.address}/api/Login", json=login).get("token", ""))
        headers = {"Authorization": f"Bearer {self.token}"}
        return self.line.ask("POST", f"{self.address}/api/Letter", headers=headers, json=[letter])


@dataclass(frozen=True, slots=True)
class IdentClient:
    """The ident provider's cases. All methods raise `Unavailable` and `Rejected`."""

    line: Line
    address: str
    key: str

    def open_case(self, idempotency_key: str, order: Mapping[str, object]) -> dict[str, Any]:
        return self._call("POST", "", {"Idempotency-Key": idempotency_key}, dict(order))

    def look(self, case_id: str) -> dict[str, Any]:
        return self._call("GET", f"/{case_id}")

    def redeem(self, case_id: str) -> dict[str, Any]:
        """The final result, once."""
        return self._call("POST", f"/{case_id}/redeem")

    def _call(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, json: object = None
    ) -> dict[str, Any]:
        url = f"{self.address}/ident/v1/cases{path}"
        return self.line.call(method, url, headers={"X-Api-Key": self.key, **(headers or {})}, json=json)


@dataclass(frozen=True, slots=True)
class BranchClient:
    """The branches' calendar."""

    line: Line
    address: str
    key: str

    def book(self, kvnr: str) -> dict[str, Any]:
        """The next free appointment. Raises `Unavailable`, `Rejected` (409: there is none)."""
        url = f"{self.address}/api/appointments"
        return self.line.call("POST", url, headers={"X-Api-Key": self.key}, json={"kvnr": kvnr})


@dataclass(frozen=True, slots=True)
class MailSender:
    """The way to the mail server: by TLS only, for a link that confirms an address is a secret."""

    open: OpenMail
    user: str
    password: str
    tls: ssl.SSLContext

    def send(self, message: EmailMessage) -> None:
        """Raises `Unavailable` (no server, no TLS, no login, 4xx) and `Rejected` (5xx for the recipient or the mail).

        What the server has against us, from the greeting to the sender, is no fault of the recipient's address.
        """
        try:
            with self.open() as client:
                client.starttls(context=self.tls)
                client.login(self.user, self.password)
                client.send_message(message)
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _ in error.recipients.values()]
            raise _refusal_of(max(codes, default=550)) from error
        except smtplib.SMTPDataError as error:
            raise _refusal_of(error.smtp_code) from error
        except (smtplib.SMTPException, OSError) as error:
            raise Unavailable(type(error).__name__) from error


def _refusal_of(code: int) -> Unavailable | Rejected:
    return Rejected(code) if code >= 500 else Unavailable(f"SMTP {code}")
