"""The API's description as one page of HTML. It loads nothing: no script, no style sheet, no font from anywhere."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b1b1b;background:#fff}
code,pre{font:14px/1.4 ui-monospace,monospace}pre{background:#f3f3f3;padding:.75rem;overflow:auto}
h2{margin-top:2.5rem;border-bottom:1px solid #ccc}summary{cursor:pointer;padding:.3rem 0}
b{display:inline-block;min-width:4.5rem}table{border-collapse:collapse}td{padding:.1rem 1rem .1rem 0;vertical-align:top}
@media(prefers-color-scheme:dark){body{color:#eee;background:#161616}pre{background:#262626}a{color:#8cf}}
"""


def page(described: Mapping[str, Any]) -> str:
    """All operations by tag, with parameters, bodies and answers."""
    return "".join(_lines(described))


def _lines(described: Mapping[str, Any]) -> Iterator[str]:
    info = described["info"]
    title = escape(info["title"])
    yield f"<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title><style>{_STYLE}</style>"
    yield f"<h1>{title} {escape(info['version'])}</h1>"
    yield from (f"<p>{escape(text)}</p>" for text in info["description"].split("\n\n"))
    yield "<p>The same for machines: <a href=openapi.json>openapi.json</a></p>"
    for tag, operations in _by_tag(described).items():
        yield f"<h2>{escape(tag)}</h2>"
        for method, path, operation in operations:
            yield f"<details><summary><b>{method.upper()}</b> <code>{escape(path)}</code> "
            yield f"{escape(operation.get('description', '').partition(chr(10))[0])}</summary>"
            yield from _operation(operation, described)
            yield "</details>"
    yield "<h2>shapes</h2>"
    for name, schema in sorted(described["components"]["schemas"].items()):
        yield f'<details id="{escape(name)}"><summary><code>{escape(name)}</code> '
        yield f"{escape(schema.get('description', ''))}</summary>{_pre(schema)}</details>"


def _by_tag(described: Mapping[str, Any]) -> dict[str, list[tuple[str, str, Mapping[str, Any]]]]:
    found: dict[str, list[tuple[str, str, Mapping[str, Any]]]] = {}
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            for tag in operation.get("tags", ["other"]):
                found.setdefault(tag, []).append((method, path, operation))
    return found


def _operation(operation: Mapping[str, Any], described: Mapping[str, Any]) -> Iterator[str]:
    if parameters := operation.get("parameters"):
        yield "<p>Parameters</p><table>"
        for parameter in parameters:
            about = escape(parameter.get("description", ""))
            need = "required" if parameter.get("required") else "optional"
            yield f"<tr><td><code>{escape(parameter['name'])}</code><td>{parameter['in']}, {need}<td>{about}"
        yield "</table>"
    if body := operation.get("requestBody"):
        yield "<p>Body: " + ", ".join(_shape(content) for content in body["content"].values()) + "</p>"
    yield "<p>Answers</p><table>"
    for code, answer in operation["responses"].items():
        shapes = ", ".join(_shape(content) for content in answer.get("content", {}).values())
        yield f"<tr><td>{code}<td>{escape(answer['description'])}<td>{shapes}"
    yield "</table>"


def _shape(content: Mapping[str, Any]) -> str:
    schema = content.get("schema", {})
    name = schema.get("$ref", "").rpartition("/")[2]
    return f'<a href="#{escape(name)}">{escape(name)}</a>' if name else _pre(schema) if schema else ""


def _pre(schema: Mapping[str, Any]) -> str:
    return f"<pre>{escape(json.dumps(schema, indent=2, ensure_ascii=False))}</pre>"
