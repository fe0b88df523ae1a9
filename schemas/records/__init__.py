"""One file a department, one model a resource."""

from schemas.records.base import Record, Subject
from schemas.records.bureau import Accept, Result
from schemas.records.civil import Marriage, SocialOrg
from schemas.records.hr import Insurance, Vocational
from schemas.records.market import Company
from schemas.records.tax import TaxClearance, TaxRegistration

__all__ = [
    "Accept",
    "Company",
    "Insurance",
    "Marriage",
    "Record",
    "Result",
    "SocialOrg",
    "Subject",
    "TaxClearance",
    "TaxRegistration",
    "Vocational",
]
