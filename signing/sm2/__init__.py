"""SM2 signatures: keys, signing, verifying, over the system's libcrypto."""

from __future__ import annotations

import ctypes
from functools import lru_cache

from signing.errors import LibcryptoMissing, SignatureInvalid
from signing.sm2.keys import DEFAULT_USER_ID, PrivateKey, PublicKey, message_digest
from signing.sm2.libcrypto import load

__all__ = ["DEFAULT_USER_ID", "PrivateKey", "PublicKey", "message_digest", "tested_library"]

# The signature example of GB/T 32918.5 (message "message digest", the default user ID).
_MESSAGE = b"message digest"
_POINT = bytes.fromhex(
    "0409f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020"
    "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13"
)
_DIGEST = bytes.fromhex("f0b43e94ba45accaace692ed534382eb17e6ab5a19ce7b31f4486fdfc0d28640")
_SIGNATURE = bytes.fromhex(
    "3046022100f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3"
    "022100b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa"
)


@lru_cache(maxsize=1)
def tested_library() -> ctypes.CDLL:
    """The library, after it passed the known-answer test once in this process.

    Raises:
        LibcryptoMissing: there is none that can be used.
    """
    library = load()
    key = PublicKey._open(library, _POINT)
    try:
        key.verify(_MESSAGE, _SIGNATURE)
    except SignatureInvalid:
        raise LibcryptoMissing(
            "libcrypto fails the signature example of GB/T 32918.5: it does not compute SM2 as the standard does. "
            "Install another build of OpenSSL 3 and name its libcrypto in HUB_LIBCRYPTO."
        ) from None
    if message_digest(_POINT, _MESSAGE) != _DIGEST or _accepts(key, _MESSAGE + b".") or _accepts(key, _MESSAGE, b"x"):
        raise LibcryptoMissing(
            "libcrypto or the SM3 beside it fails the signature example of GB/T 32918.5 or accepts a changed one. "
            "Install another build of OpenSSL 3 and name its libcrypto in HUB_LIBCRYPTO."
        )
    return library


def _accepts(key: PublicKey, message: bytes, user_id: bytes = DEFAULT_USER_ID) -> bool:
    try:
        key.verify(message, _SIGNATURE, user_id=user_id)
    except SignatureInvalid:
        return False
    return True
