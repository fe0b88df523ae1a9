"""Object identifiers that occur in certificates, seals and signed data."""

from __future__ import annotations

from collections.abc import Mapping
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
SIGNING_CERTIFICATE_V2: Final = "1.2.840.113549.1.9.16.2.47"

#: Outside the SM world: PDF and its timestamps
SHA256: Final = "2.16.840.1.101.3.4.2.1"
SHA384: Final = "2.16.840.1.101.3.4.2.2"
SHA512: Final = "2.16.840.1.101.3.4.2.3"
ECDSA_WITH_SHA256: Final = "1.2.840.10045.4.3.2"
RSA_ENCRYPTION: Final = "1.2.840.113549.1.1.1"
RSA_WITH_SHA256: Final = "1.2.840.113549.1.1.11"

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

#: Certificates and revocation (RFC 5280, RFC 6960)
SUBJECT_ALT_NAME: Final = "2.5.29.17"
ISSUER_ALT_NAME: Final = "2.5.29.18"
CRL_REASON: Final = "2.5.29.21"
INVALIDITY_DATE: Final = "2.5.29.24"
ISSUING_DISTRIBUTION_POINT: Final = "2.5.29.28"
CRL_DISTRIBUTION_POINTS: Final = "2.5.29.31"
CERTIFICATE_POLICIES: Final = "2.5.29.32"
EXPIRED_CERTIFICATES_ON_LIST: Final = "2.5.29.60"
AUTHORITY_INFORMATION: Final = "1.3.6.1.5.5.7.1.1"
OCSP_SIGNING: Final = "1.3.6.1.5.5.7.3.9"
OCSP: Final = "1.3.6.1.5.5.7.48.1"
OCSP_BASIC: Final = "1.3.6.1.5.5.7.48.1.1"
OCSP_NONCE: Final = "1.3.6.1.5.5.7.48.1.2"
OCSP_NO_CHECK: Final = "1.3.6.1.5.5.7.48.1.5"
OCSP_ARCHIVE_CUTOFF: Final = "1.3.6.1.5.5.7.48.1.6"
CA_ISSUERS: Final = "1.3.6.1.5.5.7.48.2"
SHA1: Final = "1.3.14.3.2.26"

#: Signature algorithms and the digest each names (RFC 5754); RSA's bare one names none.
DIGEST_OF_SIGNATURE: Final[Mapping[str, str | None]] = {
    ECDSA_WITH_SHA256: SHA256,
    "1.2.840.10045.4.3.3": SHA384,
    "1.2.840.10045.4.3.4": SHA512,
    RSA_WITH_SHA256: SHA256,
    "1.2.840.113549.1.1.12": SHA384,
    "1.2.840.113549.1.1.13": SHA512,
    RSA_ENCRYPTION: None,
}
