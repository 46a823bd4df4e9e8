"""The rules of the onboarding as tables: they predict every action in every state and never act themselves.

`engine.Rules` is the way in. The tables are `apps`, `account`, `contact`, `identity`, `branch`, `setup`, `cards`;
`seeing` says what must be visible, `observing` what is learnt from the journal; `catalogue` holds the 94 requirements.
"""

from .catalogue import GROUPS, REQUIREMENTS, SECTIONS, Requirement
from .diagram import RuleRow, diagram, table_rows
from .engine import RULES, Rules
from .rows import Deviation, Prediction

__all__ = [
    "GROUPS",
    "REQUIREMENTS",
    "RULES",
    "SECTIONS",
    "Deviation",
    "Prediction",
    "Requirement",
    "RuleRow",
    "Rules",
    "diagram",
    "table_rows",
]
