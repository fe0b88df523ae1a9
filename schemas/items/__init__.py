"""Service items 政务服务事项: who may apply, what must hold, and which fields a lookup may hand out."""

from schemas.items.conditions import Condition
from schemas.items.loader import all_items, all_versions, item, load
from schemas.items.model import LegalBasis, LicenceStep, Material, NamedBy, Role, ServiceItem, Trust, Way
from schemas.items.purposes import PurposeWord, all_purposes

__all__ = [
    "Condition",
    "LegalBasis",
    "LicenceStep",
    "Material",
    "NamedBy",
    "PurposeWord",
    "Role",
    "ServiceItem",
    "Trust",
    "Way",
    "all_items",
    "all_purposes",
    "all_versions",
    "item",
    "load",
]
