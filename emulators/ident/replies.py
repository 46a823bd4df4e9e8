"""Answers that both sides of the provider give."""

from __future__ import annotations

from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response


def error(status: int, code: str, **details: object) -> Response:
    return JSONResponse({"error": code, **details}, status)


def not_understood(problem: ValidationError) -> Response:
    """400 with the place and the kind of each mistake in the body."""
    problems = [{"field": ".".join(map(str, e["loc"])), "problem": e["msg"]} for e in problem.errors()]
    return error(400, "bad_request", problems=problems)


async def refuse_as_json(request: Request, problem: Exception) -> Response:
    status = problem.status_code if isinstance(problem, HTTPException) else 500
    return error(status, {404: "not_found", 405: "method_not_allowed"}.get(status, "error"))
