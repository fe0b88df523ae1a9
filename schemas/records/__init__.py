"""One file a department, one model a resource."""

from schemas.records.base import Record, Subject
from schemas.records.bureau import Accept, Result
from schemas.records.civil import Marriage, SocialOrg
from schemas.records.education import Enrolment, Qualification
from schemas.records.health import BirthCertificate
from schemas.records.housing import FundAccount, Title
from schemas.records.hr import Insurance, Vocational
from schemas.records.market import Company, Entity, Officer
from schemas.records.platform import LegalPerson, Permit, SharedLicence
from schemas.records.police import BirthRegistration, Household
from schemas.records.tax import TaxClearance, TaxRegistration

__all__ = [
    "Accept",
    "BirthCertificate",
    "BirthRegistration",
    "Company",
    "Enrolment",
    "Entity",
    "FundAccount",
    "Household",
    "Insurance",
    "LegalPerson",
    "Marriage",
    "Officer",
    "Permit",
    "Qualification",
    "Record",
    "Result",
    "SharedLicence",
    "SocialOrg",
    "Subject",
    "TaxClearance",
    "TaxRegistration",
    "Title",
    "Vocational",
]
