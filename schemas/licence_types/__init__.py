"""Licence types 证照类型: how they are numbered, how long they are valid, what stands on their face."""

from schemas.licence_types.face import FaceSources, fill
from schemas.licence_types.loader import all_licence_types, licence_type, load
from schemas.licence_types.model import FaceField, LicenceType, ValidityRule

__all__ = [
    "FaceField",
    "FaceSources",
    "LicenceType",
    "ValidityRule",
    "all_licence_types",
    "fill",
    "licence_type",
    "load",
]
