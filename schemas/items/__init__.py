"""Service items 政务服务事项: who may apply, what must hold, and which fields a lookup may hand out."""

from schemas.items.conditions import Condition
from schemas.items.loader import all_items, item, load
from schemas.items.model import LegalBasis, Material, NamedBy, Role, ServiceItem

__all__ = ["Condition", "LegalBasis", "Material", "NamedBy", "Role", "ServiceItem", "all_items", "item", "load"]
