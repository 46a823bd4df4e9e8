"""The user's side over HTTP: the jump page and the provider's app, each step one POST.

A step answers 200 with `{"outcome": "accepted"|"refused", "reason"?, "state", "next_step"}`: what a person is
refused is no error of the protocol. The way back to the partner tells no outcome.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from emulators.core.outcome import Outcome, Refused
from emulators.core.person import CardData, IdentityDocument
from emulators.wire.json_api import error, not_understood

from .case import Case
from .documents import Face, Side
from .states import Step

if TYPE_CHECKING:
    from .provider import IdentProvider


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Digits(_Body):
    digits: str


class Terms(_Body):
    accept: bool


class DocumentPicture(_Body):
    document: IdentityDocument


class Liveness(_Body):
    words: str | tuple[str, ...]
    face: Face | None


class CardPicture(_Body):
    iccsn: str
    kvnr: str


def terms(case: Case, body: bytes) -> Outcome:
    return case.accept_terms(Terms.model_validate_json(body).accept)


def film_document(side: Side, case: Case, body: bytes) -> Outcome:
    return case.film_document(side, DocumentPicture.model_validate_json(body).document)


def read_words(case: Case, body: bytes) -> Outcome:
    spoken = Liveness.model_validate_json(body)
    return case.read_words(spoken.words, face_of=spoken.face)


def film_card(side: Side, case: Case, body: bytes) -> Outcome:
    picture = CardPicture.model_validate_json(body)
    return case.film_card(side, CardData(picture.iccsn, can="", pin="", puk=""), picture.kvnr)


def leave(case: Case, body: bytes) -> Outcome:
    return case.leave_app()


def resume(case: Case, body: bytes) -> Outcome:
    return case.resume_app()


def cancel(case: Case, body: bytes) -> Outcome:
    return case.cancel()


def digits(case: Case, body: bytes) -> Outcome:
    return case.enter_card_digits(Digits.model_validate_json(body).digits)


STEPS: Final[Mapping[str, Callable[[Case, bytes], Outcome]]] = MappingProxyType(
    {
        "terms": terms,
        "doc_front": partial(film_document, "front"),
        "doc_back": partial(film_document, "back"),
        "liveness": read_words,
        "card_front": partial(film_card, "front"),
        "card_back": partial(film_card, "back"),
        "leave": leave,
        "resume": resume,
        "cancel": cancel,
    }
)


async def jump(request: Request) -> Response:
    """The page behind the link: tells whether it still works."""
    case = _provider(request).cases.get(request.path_params["case_id"])
    if case is None:
        return error(404, "not_found")
    case.open_link()
    return JSONResponse(_shown(case))


async def card_digits(request: Request) -> Response:
    case = _provider(request).cases.get(request.path_params["case_id"])
    return error(404, "not_found") if case is None else _answer(digits, case, await request.body())


async def open_app(request: Request) -> Response:
    case = _provider(request).cases.get(request.path_params["case_id"])
    if case is None:
        return error(404, "not_found")
    outcome = case.open_app()
    return JSONResponse({**_told(outcome), "session": case.session_id, **_shown(case)})


async def wallet(request: Request) -> Response:
    """What the app shows now; the words are shown afresh each time."""
    case = _provider(request).sessions.get(request.path_params["session_id"])
    if case is None:
        return error(404, "not_found")
    words = {"words": list(case.show_words())} if case.next_step is Step.LIVENESS else {}
    return JSONResponse({**_shown(case), **words})


async def step(request: Request) -> Response:
    case = _provider(request).sessions.get(request.path_params["session_id"])
    take = STEPS.get(request.path_params["step"])
    if case is None or take is None:
        return error(404, "not_found")
    return _answer(take, case, await request.body())


ROUTES = (
    Route("/jump/{case_id}", jump, methods=["GET"]),
    Route("/jump/{case_id}/card-digits", card_digits, methods=["POST"]),
    Route("/jump/{case_id}/open", open_app, methods=["POST"]),
    Route("/wallet/{session_id}", wallet, methods=["GET"]),
    Route("/wallet/{session_id}/steps/{step}", step, methods=["POST"]),
)


def _provider(request: Request) -> IdentProvider:
    provider: IdentProvider = request.app.state.owner
    return provider


def _answer(take: Callable[[Case, bytes], Outcome], case: Case, body: bytes) -> Response:
    try:
        outcome = take(case, body)
    except ValidationError as problem:
        return not_understood(problem)
    return JSONResponse({**_told(outcome), **_shown(case)})


def _told(outcome: Outcome) -> dict[str, object]:
    if isinstance(outcome, Refused):
        return {"outcome": "refused", "reason": outcome.reason}
    return {"outcome": "accepted"}


def _shown(case: Case) -> dict[str, object]:
    back = case.order.return_url
    joint = "&" if back and "?" in back else "?"
    way_back = {"return_to": f"{back}{joint}case_id={quote(case.case_id)}"} if back and case.is_over else {}
    return {"state": case.state, "next_step": case.next_step, **way_back}
