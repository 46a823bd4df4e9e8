"""Real devices, old ones, and the classes of devices that the choices of a scenario speak of."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from .profile import DeviceProfile

# The seven classes (reference identity.md 6.1) and who stands for each. Where no single model unlocks by finger
# and by face, a class profile stands in that lists the models it covers.
DEVICE_CLASSES: Mapping[str, str] = MappingProxyType(
    {
        "android_phone_nfc": "android-phone-nfc",
        "android_phone_no_nfc": "android-phone-no-nfc",
        "android_tablet": "android-tablet",
        "iphone_nfc": "iphone-nfc",
        "iphone_7": "iphone-7",
        "iphone_no_nfc": "iphone-se-2016",
        "ipad": "ipad",
    }
)


class UnknownDevice(LookupError):
    """No device has that id; the text names the nearest."""


@cache
def devices() -> Mapping[str, DeviceProfile]:
    """All devices by id, in the order of the file."""
    table = tomllib.loads(files(__package__).joinpath("catalogue.toml").read_text(encoding="utf-8"))
    return MappingProxyType({id: DeviceProfile(id=id, **facts) for id, facts in table.items()})


def device(id: str) -> DeviceProfile:
    """The device with that id, or the one that stands for a class of that name. Raises `UnknownDevice`."""
    known = devices()
    id = DEVICE_CLASSES.get(id, id)
    if id in known:
        return known[id]
    near = difflib.get_close_matches(id, known, 1)
    hint = f"; did you mean '{near[0]}'?" if near else ""
    raise UnknownDevice(f"no device '{id}' in the catalogue of {len(known)}{hint}")
