"""Why somebody is not let in, or not on."""

from __future__ import annotations

from typing import ClassVar

from core.errors import Rejected, Retryable


class SignInRefused(Rejected):
    """Account and password, or number and name, do not belong together; which of them is wrong is not said."""

    code: ClassVar[str] = "HUB-869"


class SignInNeeded(Rejected):
    """A page or call is for people or machines that have signed in."""

    code: ClassVar[str] = "HUB-870"


class RoleMissing(Rejected):
    """Whoever is signed in has not the role the page is for."""

    code: ClassVar[str] = "HUB-871"


class FormStale(Rejected):
    """A form or call came without its session's CSRF token, or from another site's page."""

    code: ClassVar[str] = "HUB-872"


class TooManyRequests(Rejected):
    """More requests or failed sign-ins than the limits of the access file allow."""

    code: ClassVar[str] = "HUB-873"


class TokenRefused(Rejected):
    """A partner's access token is unknown or has ended, or the partner was taken from the access file."""

    code: ClassVar[str] = "HUB-874"


class SignatureRefused(Rejected):
    """A signed request is not signed as agreed: wrong key, too old, something uncovered, or sent again."""

    code: ClassVar[str] = "HUB-875"


class ProviderUnavailable(Retryable):
    """The identity provider does not answer, or its answer cannot be read."""

    code: ClassVar[str] = "HUB-876"


class ProviderRefused(Rejected):
    """The identity provider's answer proves nothing: state, code or ID token is not what it must be."""

    code: ClassVar[str] = "HUB-877"


class AccountUnknown(Rejected):
    """The identity provider knows the person, and the access file has no account for him."""

    code: ClassVar[str] = "HUB-879"


class BodyTooLarge(Rejected):
    """A request's body is larger than any page or call needs, or does not say how large it is."""

    code: ClassVar[str] = "HUB-882"
