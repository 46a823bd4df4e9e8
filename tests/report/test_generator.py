"""The real generator on a small folder of results. Fetches Allure on the first run."""

import base64
import json
import re
import shutil
from pathlib import Path

import pytest

from harness.report import environment
from harness.report.generator import HOME, GeneratorMissing, ReportBuilt, ReportError, build, install
from harness.report.privacy import ExternalAddress, assert_private

MINUTE = 60_000
PIXEL = base64.b64decode(  # a PNG of one pixel
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="
)
START = 1_617_094_800_000  # Tue 30 Mar 2021 11:00 in Berlin, in ms


def result(name: str, status: str, **more: object) -> dict[str, object]:
    labels = {"epic": "Onboarding", "feature": "Aktivierungsbrief", "story": name}
    return {
        "uuid": name,
        "name": name,
        "fullName": f"letter#{name}",
        "historyId": name,
        "testCaseId": name,
        "status": status,
        "stage": "finished",
        "start": START,
        "stop": START + MINUTE,
        "labels": [{"name": key, "value": value} for key, value in labels.items()],
        **more,
    }


def write_results(folder: Path) -> Path:
    """One passed test, and one failed with a letter attached."""
    environment.write(folder, {"Prüfling": "Referenz", "Saat": 4711})
    failed = result(
        "verlorener-brief",
        "failed",
        statusDetails={"message": "refused with 'code_expired', the rules say accepted (PST-05)"},
        attachments=[
            {"name": "Brief", "source": "brief-attachment.txt", "type": "text/plain"},
            {"name": "Blatt 1", "source": "blatt-attachment.png", "type": "image/png"},
        ],
    )
    for test in (result("erster-brief", "passed"), failed):
        (folder / f"{test['uuid']}-result.json").write_text(json.dumps(test), "utf-8")
    (folder / "blatt-attachment.png").write_bytes(PIXEL)
    (folder / "brief-attachment.txt").write_text("TEST ONLY: Ihr Aktivierungscode", "utf-8")
    return folder


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory) -> ReportBuilt:
    """A report of two tests. The place has a bracket in its name, the folder of the report is not empty before."""
    place = tmp_path_factory.mktemp("lauf") / "pixel-6[nfc]"
    (place / "report").mkdir(parents=True)
    (place / "report" / "leftover.html").write_text("<p>von gestern</p>", "utf-8")
    return build(write_results(place / "results"), place / "report", title="Prüfstand: Onboarding")


@pytest.fixture(scope="session")
def carried(report: ReportBuilt) -> dict[str, str]:
    """The data files carried inside the single page, by name."""
    html = report.index.read_text("utf-8")
    pairs = re.findall(r'\bd\("([^"]+)","([^"]*)"\)', html)
    return {name: base64.b64decode(body).decode("utf-8", "replace") for name, body in pairs}


def test_the_report_is_one_file_that_opens_from_disk(report: ReportBuilt) -> None:
    assert report.pages == 1
    assert report.index.name == "index.html"
    assert [path.name for path in report.index.parent.rglob("*.html")] == ["index.html"]
    html = report.index.read_text("utf-8")
    assert re.findall(r'<(?:script|link)\b[^>]*?(?:src|href)="(?!data:)([^"]*)', html) == []


def test_no_page_names_an_external_address(report: ReportBuilt) -> None:
    html = report.index.read_text("utf-8")
    assert_private(report.index, html)
    assert "googletagmanager" not in html
    assert "gtag(" not in html
    assert "Content-Security-Policy" in html


def test_the_page_is_german_and_carries_the_title(report: ReportBuilt) -> None:
    html = report.index.read_text("utf-8")
    options = json.loads(re.findall(r"window\.allureReportOptions = (\{.*\})", html)[0])
    assert options["reportLanguage"] == "de"
    assert options["reportName"] == "Prüfstand: Onboarding"
    assert options["groupBy"] == ["epic", "feature", "story"]


def test_both_tests_the_attachment_and_the_environment_are_in_the_page(carried: dict[str, str]) -> None:
    tests = [json.loads(text) for name, text in carried.items() if name.startswith("data/test-results/")]
    assert sorted((test["name"], test["status"]) for test in tests) == [
        ("erster-brief", "passed"),
        ("verlorener-brief", "failed"),
    ]
    assert "TEST ONLY: Ihr Aktivierungscode" in carried.values()
    assert {entry["name"]: entry["values"] for entry in json.loads(carried["widgets/allure_environment.json"])} == {
        "Prüfling": ["Referenz"],
        "Saat": ["4711"],
    }


def test_a_picture_is_carried_in_the_page_and_shown_as_one(report: ReportBuilt, carried: dict[str, str]) -> None:
    links = [
        link["link"]
        for name, text in carried.items()
        if name.startswith("data/test-results/")
        for link in json.loads(text).get("attachments", ())
    ]
    (picture,) = [link for link in links if link["name"] == "Blatt 1"]
    assert (picture["contentType"], picture["ext"]) == ("image/png", ".png")
    assert base64.b64encode(PIXEL).decode() in report.index.read_text("utf-8")


def test_a_failure_stands_under_its_german_category_and_allures_own_are_gone(carried: dict[str, str]) -> None:
    categories = carried["widgets/categories.json"]
    assert "Prüfling weicht von den Regeln ab" in categories
    assert "Product errors" not in categories
    assert "Test errors" not in categories


def test_the_history_grows_by_one_line_per_run(tmp_path: Path) -> None:
    results = write_results(tmp_path / "results")
    for _ in range(2):
        build(results, tmp_path / "report", title="Verlauf", history=tmp_path / "history.jsonl")
    assert len((tmp_path / "history.jsonl").read_text("utf-8").splitlines()) == 2


def test_a_report_without_results_is_refused_and_leaves_no_folder(tmp_path: Path) -> None:
    (tmp_path / "results").mkdir()
    with pytest.raises(ReportError, match="no Allure results"):
        build(tmp_path / "results", tmp_path / "report", title="leer")
    assert not (tmp_path / "report").exists()


def test_a_report_may_not_replace_the_results_it_is_made_of(tmp_path: Path) -> None:
    write_results(tmp_path / "results")
    with pytest.raises(ReportError, match="the results lie in it"):
        build(tmp_path / "results", tmp_path, title="zu viel")
    assert (tmp_path / "results" / "categories.json").exists()


def test_an_error_of_allure_is_shown_and_leaves_neither_half_a_report_nor_the_old_one(tmp_path: Path) -> None:
    install()
    home = tmp_path / "generator"
    home.mkdir()
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HOME / name, home / name)
    (home / "node_modules").symlink_to(HOME / "node_modules")
    (home / "allurerc.mjs").write_text("throw new Error('planted');", "utf-8")
    (tmp_path / "report").mkdir()
    with pytest.raises(ReportError, match="planted"):
        build(write_results(tmp_path / "results"), tmp_path / "report", title="halb", home=home)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["generator", "results"]


def test_a_registry_that_cannot_be_reached_is_said_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9/")  # the discard port: nobody listens
    monkeypatch.setenv("npm_config_fetch_retries", "0")
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "cache"))
    home = tmp_path / "generator"
    home.mkdir()
    for name in ("package.json", "package-lock.json", "allurerc.mjs"):
        shutil.copy(HOME / name, home / name)
    results = write_results(tmp_path / "results")
    (tmp_path / "report").mkdir()
    with pytest.raises(GeneratorMissing) as said:
        build(results, tmp_path / "report", title="offline", home=home)
    assert f"The results stay in {results}" in str(said.value)
    assert "HTTPS_PROXY" in str(said.value)
    assert not (tmp_path / "report").exists()
    assert sorted(path.name for path in home.iterdir()) == ["allurerc.mjs", "package-lock.json", "package.json"]


def test_a_page_that_would_load_from_outside_leaves_no_report(tmp_path: Path) -> None:
    install()
    home = tmp_path / "generator"
    shutil.copytree(HOME, home, ignore=shutil.ignore_patterns("node_modules"))
    (home / "node_modules").symlink_to(HOME / "node_modules")
    rc = (home / "allurerc.mjs").read_text("utf-8")
    spoiler = """export default class {
      constructor() { this.done = async (ctx) => {
        await ctx.reportFiles.addFile("spoilt.html", Buffer.from("<img src='https://example.com/p.gif'>"));
      }; }
    }"""
    (home / "spoiler.mjs").write_text(spoiler, "utf-8")
    planted = f"plugins: {{ spoilt: {{ import: {json.dumps(str(home / 'spoiler.mjs'))} }},"
    (home / "allurerc.mjs").write_text(rc.replace("plugins: {", planted), "utf-8")
    with pytest.raises(ExternalAddress, match=r"spoilt\.html.*example\.com"):
        build(write_results(tmp_path / "results"), tmp_path / "report", title="undicht", home=home)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["generator", "results"]
