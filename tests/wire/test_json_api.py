import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from emulators.core.faults import Fault
from emulators.core.physics import Physics
from emulators.core.transport_faults import Outage, RefusedConnection
from emulators.wire.http import Refusal, call
from emulators.wire.json_api import guarded, json_app


class Parcel(BaseModel):
    grams: int


class Scales:
    """The smallest thing that has an API."""

    name: ClassVar[str] = "scales"
    api_key: ClassVar[str] = "TEST-ONLY-scales-key"
    faults: ClassVar[Mapping[str, type[Fault]]] = MappingProxyType(
        {"outage": Outage, "refused_connection": RefusedConnection}
    )

    def __init__(self, physics: Physics) -> None:
        self.physics = physics
        self.weighed: list[int] = []
        self.app: Starlette = json_app(self, ROUTES, "the pair of scales")
        physics.faults.declare(self.name, self.faults)


async def weigh(scales: Scales, request: Request) -> Response:
    scales.weighed.append(Parcel.model_validate_json(await request.body()).grams)
    return JSONResponse({"weighed": scales.weighed})


ROUTES = (Route("/weigh", guarded(weigh), methods=["POST"]),)


@pytest.fixture
def scales() -> Scales:
    return Scales(Physics())


def ask(
    scales: Scales,
    body: bytes = b'{"grams": 20}',
    method: str = "POST",
    path: str = "/weigh",
    key: str | None = Scales.api_key,
) -> tuple[int, object]:
    headers = {} if key is None else {"X-Api-Key": key}
    answer = call(scales.app, method, f"http://scales.example{path}", headers, body)
    return answer.status, json.loads(answer.body)


def failures(scales: Scales) -> list[tuple[object, object, str | None]]:
    failed = scales.physics.journal.named("scales", "request.failed")
    return [(entry.data["path"], entry.data["status"], entry.cause.fault) for entry in failed]


def test_a_request_with_the_key_reaches_its_handler_and_owner(scales: Scales) -> None:
    assert ask(scales) == (200, {"weighed": [20]})
    assert scales.weighed == [20]


@pytest.mark.parametrize("key", [None, "", "test-only-scales-key"])
def test_without_the_right_key_nothing_is_done(scales: Scales, key: str | None) -> None:
    assert ask(scales, key=key) == (401, {"error": "unauthorised"})
    assert scales.weighed == []


def test_the_key_is_checked_before_the_body(scales: Scales) -> None:
    assert ask(scales, b"nonsense", key=None)[0] == 401


def test_a_body_of_the_wrong_shape_is_told_field_by_field(scales: Scales) -> None:
    problems = [{"field": "grams", "problem": "Field required"}]
    assert ask(scales, b"{}") == (400, {"error": "bad_request", "problems": problems})


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [("POST", "/nowhere", 404, "not_found"), ("DELETE", "/weigh", 405, "method_not_allowed")],
)
def test_unknown_paths_and_methods_are_refused_in_json(
    scales: Scales, method: str, path: str, status: int, code: str
) -> None:
    assert ask(scales, method=method, path=path) == (status, {"error": code})


def test_a_wrong_method_is_told_the_right_one(scales: Scales) -> None:
    answer = call(scales.app, "DELETE", "http://scales.example/weigh", {}, b"")
    assert ("allow", "POST") in [(name.lower(), value) for name, value in answer.headers]


def test_an_outage_is_one_503_even_without_a_key_and_is_noted_with_its_fault(scales: Scales) -> None:
    scales.physics.faults.arm("scales", "outage")
    assert ask(scales, key=None) == (503, {"error": "unavailable"})
    assert failures(scales) == [("/weigh", 503, "scales.outage")]
    assert scales.weighed == []
    assert ask(scales)[0] == 200


def test_a_refused_connection_is_one_request_without_an_answer(scales: Scales) -> None:
    scales.physics.faults.arm("scales", "refused_connection")
    with pytest.raises(Refusal, match="the pair of scales does not answer"):
        ask(scales)
    assert failures(scales) == [("/weigh", None, "scales.refused_connection")]
    assert scales.weighed == []
    assert ask(scales)[0] == 200


@given(body=st.binary(max_size=60))
def test_no_body_is_a_server_error(body: bytes) -> None:
    assert ask(Scales(Physics()), body)[0] in (200, 400)
