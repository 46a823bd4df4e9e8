"""Three families of errors, so that a report can tell whose fault it is.

AssertionError
├── Mismatch     the system under test is wrong           (Allure: failed)
└── Violation    it broke a wire protocol                 (Allure: failed)
Exception
└── BenchError   scenario, driver or emulator is wrong    (Allure: broken)
"""

from __future__ import annotations


class Mismatch(AssertionError):
    """The system under test did something other than the rules say."""


class Violation(AssertionError):
    """The system under test broke a wire protocol."""


class BenchError(Exception):
    """The scenario file, the driver or the bench is wrong; the system under test is not judged."""
