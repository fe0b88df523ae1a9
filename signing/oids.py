"""Object identifiers that occur in certificates, seals and signed data."""

from __future__ import annotations

from typing import Final

SM2_WITH_SM3: Final = "1.2.156.10197.1.501"
SM2_SIGN: Final = "1.2.156.10197.1.301.1"
SM2_CURVE: Final = "1.2.156.10197.1.301"
SM3: Final = "1.2.156.10197.1.401"
EC_PUBLIC_KEY: Final = "1.2.840.10045.2.1"

#: GB/T 35275
GM_DATA: Final = "1.2.156.10197.6.1.4.2.1"
GM_SIGNED_DATA: Final = "1.2.156.10197.6.1.4.2.2"

#: CMS and PKCS #9, as RFC 3161 tokens use them
PKCS7_DATA: Final = "1.2.840.113549.1.7.1"
PKCS7_SIGNED_DATA: Final = "1.2.840.113549.1.7.2"
CONTENT_TYPE: Final = "1.2.840.113549.1.9.3"
MESSAGE_DIGEST: Final = "1.2.840.113549.1.9.4"
SIGNING_TIME: Final = "1.2.840.113549.1.9.5"
TST_INFO: Final = "1.2.840.113549.1.9.16.1.4"
TIME_STAMPING: Final = "1.3.6.1.5.5.7.3.8"

COMMON_NAME: Final = "2.5.4.3"
COUNTRY: Final = "2.5.4.6"
ORGANISATION: Final = "2.5.4.10"
ORGANISATIONAL_UNIT: Final = "2.5.4.11"

SUBJECT_KEY_ID: Final = "2.5.29.14"
KEY_USAGE: Final = "2.5.29.15"
BASIC_CONSTRAINTS: Final = "2.5.29.19"
CRL_NUMBER: Final = "2.5.29.20"
AUTHORITY_KEY_ID: Final = "2.5.29.35"
EXTENDED_KEY_USAGE: Final = "2.5.29.37"
