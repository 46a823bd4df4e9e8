"""What leaves a page and what must not be in it; no generator needed."""

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.report.privacy import ExternalAddress, assert_private, make_private, sealed, stripped

PAGE = Path("index.html")

# As plugin-awesome 3.18.0 writes it (dist/generators.js).
ANALYTICS = """
    <script async src="https://www.googletagmanager.com/gtag/js?id=G-LNDJ3J7WT0"></script>
    <script>
        window.dataLayer = window.dataLayer || [];
        function gtag(){dataLayer.push(arguments);}
        gtag('js', new Date());
        gtag('config', 'G-LNDJ3J7WT0', {"report": "awesome", "single_file": "true"});
    </script>"""


def page(body: str, head: str = "") -> str:
    return f"<!DOCTYPE html><html><head>{head}</head><body><script>window.allure = {{}};</script>{body}</body></html>"


def test_both_analytics_scripts_are_stripped_and_nothing_else() -> None:
    assert stripped(page(ANALYTICS + "<p>bleibt</p>")) == page("<p>bleibt</p>")


@pytest.mark.parametrize("tag", ANALYTICS.strip().split("\n    <script>\n"))
def test_either_half_of_the_analytics_left_in_is_found(tag: str) -> None:
    planted = tag if tag.startswith("<script") else f"<script>{tag}"
    with pytest.raises(ExternalAddress):
        assert_private(PAGE, page(planted))


@pytest.mark.parametrize(
    ("planted", "address"),
    [
        ('<script src="https://cdn.example.com/a.js"></script>', "https://cdn.example.com/a.js"),
        ("<SCRIPT SRC=//cdn.example.com/a.js></SCRIPT>", "//cdn.example.com/a.js"),
        ('<link rel="stylesheet" href="https://example.com/a.css">', "https://example.com/a.css"),
        ('<link rel="preconnect" href="https://example.com">', "https://example.com"),
        ('<img src="http://example.com/p.gif">', "http://example.com/p.gif"),
        ('<img srcset="data:, 1x, https://example.com/p.gif 2x">', "https://example.com/p.gif"),
        ('<iframe src="https://example.com/"></iframe>', "https://example.com/"),
        ('<iframe srcdoc="&lt;img src=https://example.com/p.gif&gt;"></iframe>', "https://example.com/p.gif"),
        ('<svg><use xlink:href="https://example.com/s.svg"/></svg>', "https://example.com/s.svg"),
        ("<style>p { background: url('https://example.com/b.png') }</style>", "https://example.com/b.png"),
        ('<style>@import "https://example.com/b.css";</style>', "https://example.com/b.css"),
        ('<p style="background:url(//example.com/b.png)">', "//example.com/b.png"),
        ('<script>fetch("https://example.com/x")</script>', "https://example.com/x"),
        ('<script>new Image().src = "https:\\/\\/example.com/x"</script>', "https:\\/\\/example.com/x"),
        ('<script>x.open("GET", "https://example.com/x")</script>', "https://example.com/x"),
        ('<script>import a from "https://example.com/x.js"</script>', "https://example.com/x.js"),
        # fetch("https://example.com/x"), in Base64
        (
            '<script src="data:text/javascript;base64,ZmV0Y2goImh0dHBzOi8vZXhhbXBsZS5jb20veCIp"></script>',
            "https://example.com/x",
        ),
        ('<meta http-equiv="refresh" content="0; url=https://example.com/">', "https://example.com/"),
    ],
)
def test_a_planted_load_from_outside_is_named_with_its_page(planted: str, address: str) -> None:
    with pytest.raises(ExternalAddress) as found:
        assert_private(PAGE, page(planted))
    assert found.value.address == address
    assert str(PAGE) in str(found.value)
    assert address in str(found.value)


@pytest.mark.parametrize(
    "harmless",
    [
        '<a href="https://example.com/PST-06">PST-06</a>',
        '<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0"/></svg>',
        "<!-- license: https://www.apache.org/licenses/LICENSE-2.0 -->",
        "<p>https://example.com/nur-ein-text</p>",
        '<script>const licence = "https://example.com/MIT"; const ns = "http://www.w3.org/2000/svg";</script>',
        '<script src="app.js"></script><img src="data:image/gif;base64,R0lGODlhAQABAAAAACw="><img src="/a//b.png">',
        "<script>fetch(`data/${id}.json`)</script>",
    ],
)
def test_links_namespaces_and_licences_are_not_loads(harmless: str) -> None:
    assert_private(PAGE, page(harmless))


def test_the_seal_comes_first_in_the_head_and_only_once() -> None:
    once = sealed(page("", head="<title>T</title>"))
    assert "<head><meta http-equiv" in once
    assert sealed(once) == once


def test_a_folder_is_cleaned_page_by_page_and_a_bad_page_is_named_by_its_place_in_it(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "index.html").write_text(page(ANALYTICS), "utf-8")
    (tmp_path / "sub" / "page.html").write_text(page(ANALYTICS), "utf-8")
    assert make_private(tmp_path) == 2
    assert "googletagmanager" not in (tmp_path / "sub" / "page.html").read_text("utf-8")
    (tmp_path / "sub" / "page.html").write_text(page('<img src="https://example.com/p.gif">'), "utf-8")
    with pytest.raises(ExternalAddress, match=r"sub.page\.html"):
        make_private(tmp_path)


FRAGMENTS = st.sampled_from(
    ["<script", "</script>", "<style>", "<img src=", "data:text/html;base64,", "<!--", "<![", '"']
)


@given(st.lists(FRAGMENTS | st.text(max_size=8)))
def test_any_text_is_judged_and_never_crashes(pieces: list[str]) -> None:
    with contextlib.suppress(ExternalAddress):
        assert_private(PAGE, sealed(stripped("".join(pieces))))
