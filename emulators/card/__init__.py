"""The electronic health card (eGK, generation 2): a card operating system over an object system that is data."""

from .access import Enforcement
from .card import HealthCard
from .chip import Interface
from .issuer import CardIssuer
from .personalisation import TransportState
from .pki import CardPki, Variant

__all__ = ["CardIssuer", "CardPki", "Enforcement", "HealthCard", "Interface", "TransportState", "Variant"]
