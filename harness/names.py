"""Names of files, folders and covers. It imports nothing of ours, for pytest asks before there is any scenario."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, get_args

PERSONAS_FILE = "personas.yaml"
SCENARIOS_FOLDER = "scenarios"

Cover = Literal["pairwise", "three-wise", "all"]
COVERS: tuple[Cover, ...] = get_args(Cover)
DEFAULT_COVER: Cover = "pairwise"


def shown(path: Path, root: Path) -> Path:
    """The path as messages name it: from the root of the project, if it lies there."""
    return path.relative_to(root) if path.is_relative_to(root) else path
