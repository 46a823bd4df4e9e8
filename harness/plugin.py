"""The pytest plugin: collects scenario files, gives tests a world and a driver, and lets the reports know.

A vendor's conftest can override the fixtures `world` and `driver`; a Python test can use them as well:

    @pytest.mark.scenario(person="teen", device="iphone-12")
    def test_a_teen_registers_alone(world, driver): ...

It is loaded with every run of pytest where the bench is installed: the bench itself only once there is a scenario.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import pytest

from harness import hookspecs, options
from harness.errors import BenchError
from harness.names import PERSONAS_FILE, SCENARIOS_FOLDER, shown
from harness.options import DEFAULTS

if TYPE_CHECKING:
    from emulators.world import World
    from harness.borrowing import Borrowed
    from harness.drivers import Driver
    from harness.pytest_items import ScenarioFile
    from harness.scenario.steps import Row

MARKERS = (
    "scenario(person, device, land): the row for which a Python test gets its world and driver",
    "allure_label(*values, label_type): a label of Allure's",
    "allure_description(text): a description for Allure",
)
BORROWED: pytest.StashKey[Borrowed] = pytest.StashKey()
STREAM = pytest.StashKey[TextIO]()
_ITEMS = "pruefstand_items"
_LOOKS_LIKE_ONE = re.compile(r"^(?:id|steps|path):", re.MULTILINE)


def pytest_addoption(parser: pytest.Parser) -> None:
    options.add_to(parser)


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    pluginmanager.add_hookspecs(hookspecs)


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    chosen = config.getoption("driver")
    if chosen != DEFAULTS["driver"]:
        from harness.drivers import DRIVERS

        if chosen not in DRIVERS.names():
            raise pytest.UsageError(f"--driver: no driver '{chosen}'; known: {', '.join(DRIVERS.names())}")
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)
    # While pytest configures itself nothing is captured, so this is the stream the user sees.
    config.stash[STREAM] = sys.stdout
    if config.getoption("numprocesses", None) or config.getoption("summary"):
        take_part(config)  # a controller of pytest-xdist collects nothing itself


def take_part(config: pytest.Config) -> None:
    """Load what watches rows and reports on them. Done once, when the first of them shows."""
    if config.pluginmanager.has_plugin(_ITEMS):
        return
    from harness import pytest_items
    from harness.report.summary import SummaryReport

    config.pluginmanager.register(pytest_items, _ITEMS)
    if not hasattr(config, "workerinput"):  # a worker of pytest-xdist reports to its controller
        config.pluginmanager.register(SummaryReport(config, config.stash[STREAM]), "pruefstand_summary")
    if config.pluginmanager.has_plugin("allure_listener"):
        from harness.report.allure_run import AllureReport

        config.pluginmanager.register(AllureReport(), "pruefstand_allure")


def pytest_sessionstart(session: pytest.Session) -> None:
    """A card that is lent is asked who it is before anything is played: its PIN is wrong once, not in every row."""
    address = session.config.getoption("card")
    if address is None:
        return
    if session.config.getoption("numprocesses", None):
        raise pytest.UsageError("--card: one card cannot be used by several processes; leave -n away")
    from harness.borrowing import borrow

    try:
        borrowed = borrow(address, session.config.getoption("card_ca"))
    except BenchError as error:
        raise pytest.UsageError(f"--card {address}: {error}") from error
    session.config.stash[BORROWED] = borrowed
    session.config.add_cleanup(borrowed.card.card.close)
    if reporter := session.config.pluginmanager.get_plugin("terminalreporter"):
        reporter.write_line(f"in the person's hand: {borrowed}")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hypothesis' plugin imports all of it for its summary, even if nothing has used it: a quarter of a short run."""
    if "hypothesis" not in sys.modules:
        session.config.pluginmanager.unregister(name="hypothesispytest")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> ScenarioFile | None:
    if file_path.suffix != ".yaml" or file_path.name == PERSONAS_FILE:
        return None
    inside = SCENARIOS_FOLDER in shown(file_path, parent.config.rootpath).parts[:-1]
    if inside or (parent.session.isinitpath(file_path) and _looks_like_one(file_path)):
        take_part(parent.config)
        from harness.pytest_items import ScenarioFile

        return ScenarioFile.from_parent(parent, path=file_path)
    return None


def _looks_like_one(file: Path) -> bool:
    text = file.read_text("utf-8", errors="replace")
    return _LOOKS_LIKE_ONE.search(text) is not None


def row_of(node: pytest.Item) -> Row:
    """The row that a test is about: its own, or for a Python test the one of its marker `scenario`."""
    from harness.pytest_items import ScenarioItem
    from harness.scenario.steps import Row, Scenario

    if isinstance(node, ScenarioItem):
        return node.row()
    marker = node.get_closest_marker("scenario")
    asked = dict(marker.kwargs) if marker else {}
    scenario = Scenario(
        id=node.name,
        title=node.name,
        requirements=(),
        file=shown(node.path, node.config.rootpath),
        land=asked.pop("land", None),
    )
    unknown = set(asked) - {"person", "device"}
    if unknown:
        raise BenchError(f"the marker 'scenario' takes person, device and land, not {', '.join(sorted(unknown))}")
    return Row(scenario, node.name, {"person": "adult", "device": "pixel-6", **asked}, ())


@pytest.fixture(scope="session")
def seed(pytestconfig: pytest.Config) -> int:
    """The seed of this run (`--seed`)."""
    return int(pytestconfig.getoption("seed"))


@pytest.fixture
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """A small world for the row of this test, with its doors open."""
    from harness.borrowing import unfit_for
    from harness.setup import build_world

    option = request.config.getoption
    row, borrowed = row_of(request.node), request.config.stash.get(BORROWED, None)
    if borrowed is not None and (reason := unfit_for(row, borrowed.card)):
        pytest.skip(f"--card: {reason}")
    world = build_world(row, seed=option("seed"), sockets=option("sockets"), borrowed=borrowed)
    yield world
    world.close()


@pytest.fixture
def driver(request: pytest.FixtureRequest, world: World) -> Iterator[Driver]:
    """The system under test in that world (`--driver`)."""
    from harness.setup import build_driver

    option = request.config.getoption
    driver = build_driver(option("driver"), row_of(request.node), world, seed=option("seed"))
    yield driver
    driver.remove()
