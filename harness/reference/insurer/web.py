"""The insurer's web door: links from mails, webhooks of provider and gateway, reports from branches."""

from __future__ import annotations

import hmac
from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha1
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from harness.reference.declined import Declined

from .branch import Report
from .identity import Forged

if TYPE_CHECKING:
    from .insurer import Insurer

LINK_STATUS = {"link_invalid": 404, "link_used": 409, "link_expired": 410}


async def show_link(request: Request) -> Response:
    """A page with a button. Opening it changes nothing: mail scanners open links before people do."""
    try:
        link = _insurer(request).mails.look(request.path_params["token"])
    except Declined as declined:
        return _page("Dieser Link ist nicht mehr gültig.", LINK_STATUS[declined.reason])
    return _page(
        f'<p>{escape(link.address)}</p><form method="post"><button>E-Mail-Adresse bestätigen</button></form>', 200
    )


async def follow_link(request: Request) -> Response:
    try:
        _insurer(request).mails.follow(request.path_params["token"])
    except Declined as declined:
        return _page("Dieser Link ist nicht mehr gültig.", LINK_STATUS[declined.reason])
    return _page("Ihre E-Mail-Adresse ist bestätigt.", 200)


async def take_ident_webhook(request: Request) -> Response:
    body = await request.body()
    try:
        _insurer(request).identity.take_webhook(request.headers, body)
    except Forged as forged:
        return JSONResponse({"error": "unauthorised", "what": str(forged)}, 401)
    return JSONResponse({"taken": True})


async def take_sms_status(request: Request) -> Response:
    insurer = _insurer(request)
    form = dict(parse_qsl((await request.body()).decode(errors="replace"), keep_blank_values=True))
    expected = twilio_signature(insurer.sms_token, insurer.sms_callback, form)
    if not hmac.compare_digest(request.headers.get("x-twilio-signature", "").encode(), expected.encode()):
        return JSONResponse({"error": "unauthorised"}, 401)
    insurer.tans.report(form.get("MessageSid", ""), form.get("MessageStatus", ""))
    return Response(status_code=204)


async def take_branch_report(request: Request) -> Response:
    branches = _insurer(request).branches
    body = await request.body()
    if not branches.is_terminal(request.headers.get("x-terminal-key", "")):
        return JSONResponse({"error": "unauthorised"}, 401)
    try:
        report = Report.model_validate_json(body)
    except ValidationError as error:
        fields = [".".join(map(str, problem["loc"])) for problem in error.errors()]
        return JSONResponse({"error": "bad_request", "fields": fields}, 400)
    try:
        branches.judge(report)
    except Declined as declined:
        return JSONResponse({"accepted": False, "reason": declined.reason, "notes": list(declined.notes)})
    return JSONResponse({"accepted": True, "notes": []})


ROUTES = (
    Route("/confirm/{token}", show_link, methods=["GET"]),
    Route("/confirm/{token}", follow_link, methods=["POST"]),
    Route("/webhooks/ident", take_ident_webhook, methods=["POST"]),
    Route("/webhooks/sms", take_sms_status, methods=["POST"]),
    Route("/branch/reports", take_branch_report, methods=["POST"]),
)


def build(insurer: Insurer) -> Starlette:
    app = Starlette(routes=ROUTES)
    app.state.insurer = insurer
    return app


def twilio_signature(token: str, url: str, form: Mapping[str, str]) -> str:
    """Base64 of HMAC-SHA1 over the URL and, sorted by key, each key and value. Source: Twilio, Webhooks Security."""
    signed = url + "".join(key + form[key] for key in sorted(form))
    return b64encode(hmac.new(token.encode(), signed.encode(), sha1).digest()).decode()


def _insurer(request: Request) -> Insurer:
    insurer: Insurer = request.app.state.insurer
    return insurer


def _page(text: str, status: int) -> Response:
    return HTMLResponse(f'<!doctype html><html lang="de"><title>Musterkasse</title>{text}</html>', status)
