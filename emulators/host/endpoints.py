"""Where the doors are and how to log in, for machines (JSON) and for the environment of a system under test."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from .host import Host
from .hosted import Hosted


def environment(host: Host, hosted: Hosted) -> dict[str, str]:
    """Variables that point a system under test at one world. TEST ONLY."""
    world, doors = hosted.world, host.addresses
    sms, post = world.sms.credentials, world.post.credentials
    variables = {
        "PRUEFSTAND_CONTROL_URL": doors.get("control"),
        "PRUEFSTAND_WORLD": hosted.name,
        "TWILIO_BASE_URL": doors.get("sms"),
        "TWILIO_ACCOUNT_SID": sms.account_sid,
        "TWILIO_AUTH_TOKEN": sms.auth_token,
        "TWILIO_MESSAGING_SERVICE_SID": sms.messaging_service_sid,
        "SEVEN_BASE_URL": _below(doors.get("sms"), "/api"),
        "SEVEN_API_KEY": sms.seven_key,
        **_split("SMPP", doors.get("smpp")),
        "SMPP_SYSTEM_ID": sms.smpp_system_id,
        "SMPP_PASSWORD": sms.smpp_password,
        **_split("SMTP", doors.get("mail")),
        "SMTP_USER": world.mail.smtp_user,
        "SMTP_PASSWORD": world.mail.smtp_password,
        "MAILPIT_URL": _below(doors.get("mail_api"), f"/worlds/{hosted.name}"),
        "MAIL_DOMAIN": world.mail_domain,
        "POST_URL": doors.get("post"),
        "EPOST_VENDOR_ID": post.vendor_id,
        "EPOST_EKP": post.ekp,
        "EPOST_SECRET": post.secret,
        "EPOST_PASSWORD": post.password,
        "LETTERXPRESS_USERNAME": post.username,
        "LETTERXPRESS_APIKEY": post.apikey,
        "IDENT_URL": doors.get("ident"),
        "IDENT_API_KEY": world.ident.api_key,
        "IDENT_WEBHOOK_SECRET": world.ident.webhook_secret,
        "BRANCH_URL": doors.get("branch"),
        "BRANCH_API_KEY": world.branch.api_key,
    }
    return {name: value for name, value in variables.items() if value is not None}


def env_lines(variables: dict[str, str]) -> str:
    """The variables as a `.env` file; no value holds a quote or a line end."""
    return "".join(f'{name}="{value}"\n' for name, value in variables.items())


def endpoints(host: Host, token: str | None) -> dict[str, Any]:
    """Doors, token and worlds, as the file for machines has them."""
    worlds = {
        hosted.name: {
            "mail_domain": hosted.world.mail_domain,
            "credentials": hosted.keys,
            "env": environment(host, hosted),
        }
        for hosted in host
    }
    return {"doors": dict(host.addresses), "token": token, "mail_ca": host.certificates.ca.decode(), "worlds": worlds}


def _below(url: str | None, path: str) -> str | None:
    return None if url is None else url + path


def _split(prefix: str, url: str | None) -> dict[str, str | None]:
    parts = urlsplit(url or "")
    return {f"{prefix}_HOST": parts.hostname, f"{prefix}_PORT": str(parts.port) if parts.port else None}
