"""The partner's side over HTTP: `/ident/v1/…`, JSON, key in `X-Api-Key`; `Idempotency-Key` is honoured."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from emulators.core.clock import elapsed
from emulators.core.outcome import Refused
from emulators.wire.json_api import Endpoint, error, guarded, json_app

from .case import Case
from .order import CaseOrder, IdempotencyConflict
from .pages import ROUTES as PAGES
from .result import overview, result, timeline

if TYPE_CHECKING:
    from .provider import IdentProvider

CaseHandler = Callable[["IdentProvider", Case], Response]


def for_case(handle: CaseHandler) -> Endpoint:
    """Finds the case of the path, or answers 404."""

    async def found(provider: IdentProvider, request: Request) -> Response:
        case = provider.cases.get(request.path_params["case_id"])
        return error(404, "not_found") if case is None else handle(provider, case)

    return guarded(found)


async def create(provider: IdentProvider, request: Request) -> Response:
    order = CaseOrder.model_validate_json(await request.body())
    try:
        case = provider.create(order, request.headers.get("idempotency-key"))
    except IdempotencyConflict:
        return error(409, "idempotency_conflict")
    # Behind a shared door the app hangs below a path of its own (ASGI's root_path).
    base = f"{request.scope['scheme']}://{request.headers.get('host', '')}{request.scope.get('root_path', '')}"
    shown = {
        "case_id": case.case_id,
        "jump_url": f"{base}/jump/{case.case_id}",
        "state": case.state,
        "expires_at": case.expires_at.isoformat(timespec="seconds"),
    }
    return JSONResponse(shown, 201)


def show(provider: IdentProvider, case: Case) -> Response:
    return JSONResponse(overview(case))


def events(provider: IdentProvider, case: Case) -> Response:
    return JSONResponse({"events": timeline(case)})


def redeem(provider: IdentProvider, case: Case) -> Response:
    """Hand out the result: once, when the case is over, for fourteen days."""
    if not case.is_over:
        return error(409, "not_final", state=case.state)
    if case.redeemed:
        return error(409, "already_redeemed")
    if elapsed(case.changed_at, provider.physics.clock.now) > provider.profile.result_kept:
        return error(410, "result_purged")
    case.redeemed = True
    provider.physics.journal.write(provider.name, "case.redeemed", case_id=case.case_id, state=case.state)
    return JSONResponse(result(case))


def cancel(provider: IdentProvider, case: Case) -> Response:
    match case.cancel():
        case Refused(reason=reason):
            return error(409, "not_cancellable", reason=reason, state=case.state)
        case _:
            return JSONResponse(overview(case))


async def health(provider: IdentProvider, request: Request) -> Response:
    return JSONResponse({"status": "ok"})


ROUTES = (
    Route("/ident/v1/cases", guarded(create), methods=["POST"]),
    Route("/ident/v1/cases/{case_id}", for_case(show), methods=["GET"]),
    Route("/ident/v1/cases/{case_id}/events", for_case(events), methods=["GET"]),
    Route("/ident/v1/cases/{case_id}/redeem", for_case(redeem), methods=["POST"]),
    Route("/ident/v1/cases/{case_id}/cancel", for_case(cancel), methods=["POST"]),
    Route("/ident/v1/health", guarded(health), methods=["GET"]),
    *PAGES,
)


def build(provider: IdentProvider) -> Starlette:
    return json_app(provider, ROUTES, "the ident provider")
