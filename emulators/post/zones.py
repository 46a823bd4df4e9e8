"""Where things lie on the first page of a letter, in millimetres from the top left corner of an A4 sheet.

Source: DIN 5008 form B: window 85 x 45 at x 20, y 45; its upper 17.7 are for the sender's line and the franking, its
lower 27.3 for the address (six lines). The template V3 of E-POST for the areas that must stay free is not among our
sources: the 11 mm below the upper edge of the window and 5 mm at each edge of the sheet stand for it.
"""

from __future__ import annotations

from typing import NamedTuple

PAGE_WIDTH, PAGE_HEIGHT = 210.0, 297.0
POINTS_PER_MM = 72 / 25.4


class Zone(NamedTuple):
    """A rectangle in millimetres, `y` counted downwards."""

    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> tuple[float, float]:
        return self.x + self.width / 2, self.y + self.height / 2

    def holds(self, x: float, y: float) -> bool:
        """Whether a point lies in it."""
        return self.x <= x <= self.x + self.width and self.y <= y <= self.y + self.height

    def touches(self, other: Zone) -> bool:
        """Whether the two have an area in common."""
        across = min(self.x + self.width, other.x + other.width) > max(self.x, other.x)
        return across and min(self.y + self.height, other.y + other.height) > max(self.y, other.y)

    def pixels(self, dpi: int) -> tuple[float, float, float, float]:
        """Left, top, right, bottom on a picture of the page."""
        scale = dpi / 25.4
        return self.x * scale, self.y * scale, (self.x + self.width) * scale, (self.y + self.height) * scale


SHEET = Zone(0, 0, PAGE_WIDTH, PAGE_HEIGHT)
WINDOW = Zone(20, 45, 85, 45)
FRANKING = Zone(20, 45, 85, 11)
SENDER = Zone(20, 56, 85, 6.7)
ADDRESS = Zone(20, 62.7, 85, 27.3)
# Beside the address: what stands here belongs to a line that does not fit into the window.
BESIDE_ADDRESS = Zone(105, 62.7, 4, 27.3)
LEFT_EDGE = Zone(0, 0, 5, PAGE_HEIGHT)
EDGES = (
    Zone(5, 0, PAGE_WIDTH - 5, 5),
    Zone(5, PAGE_HEIGHT - 5, PAGE_WIDTH - 5, 5),
    Zone(PAGE_WIDTH - 5, 5, 5, PAGE_HEIGHT - 10),
)
