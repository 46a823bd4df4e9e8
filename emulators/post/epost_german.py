"""What is wrong with a body, in German: the E-POSTBUSINESS API speaks to its clients in no other language."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from pydantic import ValidationError

# By pydantic's name of the mistake; what stands in braces is told with it.
_TEXTS: Mapping[str, str] = MappingProxyType(
    {
        "missing": "fehlt",
        "extra_forbidden": "ist nicht bekannt",
        "json_invalid": "kein gültiges JSON",
        "string_type": "ist kein Text",
        "string_too_short": "hat weniger als {min_length} Zeichen",
        "string_too_long": "hat mehr als {max_length} Zeichen",
        "bool_type": "ist weder true noch false",
        "int_type": "ist keine ganze Zahl",
        "greater_than_equal": "ist kleiner als {ge}",
        "less_than_equal": "ist größer als {le}",
        "datetime_type": "ist kein Zeitpunkt",
        "datetime_parsing": "ist kein Zeitpunkt",
        "datetime_from_date_parsing": "ist kein Zeitpunkt",
        "tuple_type": "ist kein Array",
        "dict_type": "ist kein Objekt",
        "model_type": "ist kein Objekt",
        "model_attributes_type": "ist kein Objekt",
        "literal_error": "ist keiner der vorgesehenen Werte",
        "union_tag_invalid": "unbekannt: {tag}; möglich: {expected_tags}",
        "union_tag_not_found": "ohne {discriminator}",
    }
)


def problems_in_german(error: ValidationError) -> str:
    """Place and kind of each mistake in a body, in one line; at most ten of them."""
    found = []
    for detail in error.errors()[:10]:
        text = _TEXTS.get(detail["type"], "ist nicht, wie die API es verlangt")
        place = ".".join(map(str, detail["loc"])) or "Anfrage"
        found.append(f"{place}: {text.format(**detail.get('ctx', {}))}")
    return "; ".join(found)
