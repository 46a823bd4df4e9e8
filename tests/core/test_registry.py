import pytest

from emulators.core.clock import Clock
from emulators.core.registry import Registry, UnknownPlugin


@pytest.fixture
def registry() -> Registry:
    return Registry("pruefstand.nothing", {"clock": "emulators.core.clock:Clock", "lost": "emulators.nowhere:Gone"})


def test_a_plugin_of_the_table_is_imported_by_its_name(registry: Registry) -> None:
    assert registry.load("clock") is Clock


def test_a_misspelt_name_is_refused_with_the_nearest(registry: Registry) -> None:
    with pytest.raises(
        UnknownPlugin, match=r"no plug-in 'clok' in pruefstand.nothing; known: clock, lost; did you mean"
    ):
        registry.load("clok")


def test_listing_imports_nothing(registry: Registry) -> None:
    assert registry.names() == ("clock", "lost")
    with pytest.raises(ModuleNotFoundError):
        registry.load("lost")


def test_a_plugin_of_another_distribution_is_found_by_its_entry_point() -> None:
    scripts = Registry("console_scripts", {})
    assert "pytest" in scripts.names()
    assert callable(scripts.load("pytest"))
