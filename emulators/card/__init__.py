"""The electronic health card (eGK G2.1): a card operating system over an object system that is data."""

from .card import HealthCard
from .chip import Interface
from .issuer import CardIssuer
from .personalisation import TransportState
from .pki import CardPki, Variant

__all__ = ["CardIssuer", "CardPki", "HealthCard", "Interface", "TransportState", "Variant"]
