"""Organs 机关 by day: who they are, what they were called, who followed whom, and the rule that a licence names one."""

from schemas.organs.loader import demo_organs, read_organs
from schemas.organs.model import NameBorne, Organ, OrganTable, Owner, Succession
from schemas.organs.rule import Claims, Finding, Judgement, Kind, Part, Ruling, SealClaim, judge

__all__ = [
    "Claims",
    "Finding",
    "Judgement",
    "Kind",
    "NameBorne",
    "Organ",
    "OrganTable",
    "Owner",
    "Part",
    "Ruling",
    "SealClaim",
    "Succession",
    "demo_organs",
    "judge",
    "read_organs",
]
