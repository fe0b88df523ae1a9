"""Whether the certificate of a timestamp authority with a P-256 or RSA key could be relied on at a moment.

Such tokens stand beside those by SM2 where one broken algorithm must not take all. The chain is judged by the
certificate validator that PDF signatures are judged by.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from signing.errors import CertificateFault, CertificateRefused, TrustUnknown


def check_timestamper(
    certificate: bytes, others: Sequence[bytes], roots: Sequence[bytes], lists: Sequence[bytes], at: datetime
) -> tuple[tuple[bytes, ...], datetime]:
    """The certificates (DER) from this one to a root, it and the root included, and until when all of them are valid.

    Args:
        others: that may stand between.
        lists: of revocation. As soon as there is one, every issuer must be covered.

    Raises:
        CertificateRefused: `fault` tells why.
        TrustUnknown: no root is given.
    """
    if not roots:
        raise TrustUnknown("no trust anchor with a P-256 or RSA key is configured, so its chain cannot be judged.")
    # imported when there is such a token: it brings a large library
    from asn1crypto import x509
    from pyhanko_certvalidator import CertificateValidator, ValidationContext
    from pyhanko_certvalidator.errors import (
        ExpiredError,
        InvalidCertificateError,
        NotYetValidError,
        PathBuildingError,
        RevokedError,
        ValidationError,
    )

    logging.getLogger("pyhanko_certvalidator").setLevel(logging.CRITICAL)
    try:
        context = ValidationContext(
            trust_roots=[x509.Certificate.load(one) for one in roots],
            moment=at.astimezone(UTC),
            allow_fetching=False,
            crls=list(lists),
            revocation_mode="require" if lists else "soft-fail",
            retroactive_revinfo=True,
        )
        between = [x509.Certificate.load(one) for one in others if one != certificate]
        validator = CertificateValidator(x509.Certificate.load(certificate), between, context)
        # the library has no types there
        work = validator.async_validate_usage({"digital_signature"}, {"time_stamping"})  # type: ignore[no-untyped-call]
        # a thread of its own: the caller may be within a running loop, which must not be entered twice
        with ThreadPoolExecutor(1) as aside:
            path = aside.submit(asyncio.run, work).result()
        # it goes from the root down
        found = [*path.iter_certs(include_root=True)][::-1]
    except ExpiredError:
        raise _refused(CertificateFault.EXPIRED, "had ended") from None
    except NotYetValidError:
        raise _refused(CertificateFault.NOT_YET_VALID, "was not valid yet") from None
    except RevokedError:
        raise _refused(CertificateFault.REVOKED, "was revoked") from None
    except PathBuildingError:
        raise _refused(CertificateFault.UNTRUSTED, "does not lead to a configured trust anchor") from None
    except InvalidCertificateError:
        raise _refused(CertificateFault.USAGE, "is not for timestamps") from None
    except (ValidationError, ValueError, TypeError):
        raise _refused(CertificateFault.FORM, "cannot be judged") from None
    return tuple(one.dump() for one in found), min(one.not_valid_after for one in found)


def _refused(fault: CertificateFault, what: str) -> CertificateRefused:
    return CertificateRefused(fault, f"the certificate of a timestamp authority, or one above it, {what}.")
