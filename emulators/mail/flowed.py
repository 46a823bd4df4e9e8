"""Text in the format `flowed`: lines that belong together are joined again.

Source: RFC 3676, section 4: a line that ends in a space goes on in the next one of the same depth of quotation, `-- `
never does; one space at the beginning of a line is stuffing; with DelSp the space at the end goes as well.
"""

from __future__ import annotations


def unflowed(text: str, *, delsp: bool) -> str:
    """The paragraphs of a text in the format `flowed`, each on one line; line ends are `\\n`."""
    done: list[str] = []
    parts: list[str] = []  # of the paragraph that is open
    depth = 0
    for line in text.split("\n"):
        words = line.lstrip(">")
        quoted, words = len(line) - len(words), words.removeprefix(" ")
        is_signature = words == "-- "
        if parts and (quoted != depth or is_signature):
            done.append(_quoted(depth, parts))
            parts = []
        depth = quoted
        goes_on = words.endswith(" ") and not is_signature
        parts.append(words[:-1] if goes_on and delsp else words)
        if not goes_on:
            done.append(_quoted(depth, parts))
            parts = []
    return "\n".join([*done, *([_quoted(depth, parts)] if parts else [])])


def _quoted(depth: int, parts: list[str]) -> str:
    return f"{'>' * depth}{' ' if depth else ''}{''.join(parts)}"
