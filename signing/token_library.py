"""python-pkcs11 and the token vendor's library, both of which may be absent."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from signing.errors import TokenLibraryMissing

if TYPE_CHECKING:
    import pkcs11


def refusals() -> tuple[type[Exception], ...]:
    """What a token will answer again to the same call."""
    import pkcs11

    return (
        pkcs11.PinIncorrect,
        pkcs11.PinInvalid,
        pkcs11.PinLenRange,
        pkcs11.PinLocked,
        pkcs11.PinExpired,
        pkcs11.UserPinNotInitialized,
        pkcs11.NoSuchKey,
        pkcs11.MultipleObjectsReturned,
        pkcs11.MultipleTokensReturned,
        pkcs11.MechanismInvalid,
        pkcs11.MechanismParamInvalid,
        pkcs11.KeyTypeInconsistent,
        pkcs11.KeySizeRange,
        pkcs11.DataLenRange,
        pkcs11.DataInvalid,
        pkcs11.FunctionNotSupported,
        # the key's attributes do not allow signing; python-pkcs11 gives it no class of its own
        NotImplementedError,
    )


def open_library(module: Path) -> Any:
    """The vendor's library, loaded and initialised once in this process.

    Raises:
        TokenLibraryMissing: python-pkcs11 or the library is not there, or it cannot be loaded.
    """
    try:
        import pkcs11
    except ImportError as error:
        raise TokenLibraryMissing(
            f"the package python-pkcs11 cannot be used ({error}); no token can sign. "
            "Install it with `pip install python-pkcs11`."
        ) from None
    if not module.is_file():
        raise TokenLibraryMissing(f"{module} is not there; no token can sign. Install the vendor's PKCS#11 library.")
    try:
        return pkcs11.lib(str(module))
    except pkcs11.PKCS11Error as error:
        raise TokenLibraryMissing(
            f"{module} cannot be loaded as a PKCS#11 library ({error or type(error).__name__}); no token can sign."
        ) from None


def vendor_mechanism(number: int) -> pkcs11.Mechanism:
    """python-pkcs11 takes members of its enumeration only; a vendor's number becomes one that is not listed."""
    import pkcs11

    made = int.__new__(pkcs11.Mechanism, number)
    made._name_, made._value_ = f"VENDOR_{number:#x}", number
    return made
