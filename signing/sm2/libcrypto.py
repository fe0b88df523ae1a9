"""The system's libcrypto (OpenSSL 3), opened once through ctypes.

`cryptography` brings SM3 but no SM2; the distribution's own library has it, is patched by the
distribution, and lets other threads run while it works.
"""

from __future__ import annotations

import ctypes
import os
from ctypes import POINTER, c_char_p, c_int, c_size_t, c_ulong, c_void_p
from functools import lru_cache

from signing.errors import LibcryptoFault, LibcryptoMissing

_NAME = "libcrypto.so.3"
_OLDEST = 0x30000000


_SIZE = POINTER(c_size_t)
#: name -> (result, arguments), as in OpenSSL's headers. Pointers of its own stay opaque.
_PROTOTYPES: dict[str, tuple[object, tuple[object, ...]]] = {
    "OpenSSL_version_num": (c_ulong, ()),
    "ERR_get_error": (c_ulong, ()),
    "ERR_error_string_n": (None, (c_ulong, c_char_p, c_size_t)),
    "ERR_clear_error": (None, ()),
    "EVP_PKEY_free": (None, (c_void_p,)),
    "EVP_PKEY_is_a": (c_int, (c_void_p, c_char_p)),
    "EVP_PKEY_CTX_new_from_name": (c_void_p, (c_void_p, c_char_p, c_char_p)),
    "EVP_PKEY_CTX_new_from_pkey": (c_void_p, (c_void_p, c_void_p, c_char_p)),
    "EVP_PKEY_CTX_free": (None, (c_void_p,)),
    "EVP_PKEY_keygen_init": (c_int, (c_void_p,)),
    "EVP_PKEY_generate": (c_int, (c_void_p, POINTER(c_void_p))),
    "EVP_PKEY_sign_init": (c_int, (c_void_p,)),
    "EVP_PKEY_sign": (c_int, (c_void_p, c_char_p, _SIZE, c_char_p, c_size_t)),
    "EVP_PKEY_verify_init": (c_int, (c_void_p,)),
    "EVP_PKEY_verify": (c_int, (c_void_p, c_char_p, c_size_t, c_char_p, c_size_t)),
    "EVP_PKEY_encrypt_init": (c_int, (c_void_p,)),
    "EVP_PKEY_encrypt": (c_int, (c_void_p, c_char_p, _SIZE, c_char_p, c_size_t)),
    "EVP_PKEY_decrypt_init": (c_int, (c_void_p,)),
    "EVP_PKEY_decrypt": (c_int, (c_void_p, c_char_p, _SIZE, c_char_p, c_size_t)),
    "EVP_PKEY_check": (c_int, (c_void_p,)),
    "EVP_aes_256_cbc": (c_void_p, ()),
    "BIO_new": (c_void_p, (c_void_p,)),
    "BIO_s_mem": (c_void_p, ()),
    "BIO_new_mem_buf": (c_void_p, (c_char_p, c_int)),
    "BIO_free": (c_int, (c_void_p,)),
    "BIO_read": (c_int, (c_void_p, c_char_p, c_int)),
    "PEM_read_bio_PrivateKey": (c_void_p, (c_void_p, c_void_p, c_void_p, c_char_p)),
    "PEM_write_bio_PKCS8PrivateKey": (c_int, (c_void_p, c_void_p, c_void_p, c_char_p, c_int, c_void_p, c_void_p)),
    "d2i_PKCS8PrivateKey_bio": (c_void_p, (c_void_p, c_void_p, c_void_p, c_char_p)),
    "i2d_PKCS8PrivateKey_bio": (c_int, (c_void_p, c_void_p, c_void_p, c_char_p, c_int, c_void_p, c_void_p)),
    "d2i_PUBKEY": (c_void_p, (c_void_p, POINTER(c_char_p), ctypes.c_long)),
    "i2d_PUBKEY_bio": (c_int, (c_void_p, c_void_p)),
}


@lru_cache(maxsize=1)
def load() -> ctypes.CDLL:
    """The library with its prototypes set, not yet tested.

    `HUB_LIBCRYPTO` names another file than the distribution's `libcrypto.so.3`.

    Raises:
        LibcryptoMissing: absent, older than OpenSSL 3.0, or built without what is needed here.
    """
    name = os.environ.get("HUB_LIBCRYPTO") or _NAME
    try:
        library = ctypes.CDLL(name)
    except OSError as error:
        raise LibcryptoMissing(
            f"{name} cannot be opened ({error}); nothing can be signed or verified with SM2. "
            "Install OpenSSL 3.0 or newer (Debian and Ubuntu: `apt-get install libssl3`; openEuler and Anolis: "
            "`dnf install openssl-libs`), or name the file in HUB_LIBCRYPTO."
        ) from None
    for function, (result, arguments) in _PROTOTYPES.items():
        try:
            entry = getattr(library, function)
        except AttributeError:
            raise LibcryptoMissing(
                f"{name} lacks {function}: it is older than OpenSSL 3.0 or another library under its name. "
                "Install OpenSSL 3.0 or newer, or name the file in HUB_LIBCRYPTO."
            ) from None
        entry.restype, entry.argtypes = result, arguments
    version = int(library.OpenSSL_version_num())
    if version < _OLDEST:
        raise LibcryptoMissing(f"{name} is OpenSSL {version:#x}; SM2 with a user ID needs 3.0 or newer. Install that.")
    context = library.EVP_PKEY_CTX_new_from_name(None, b"SM2", None)
    if not context:
        library.ERR_clear_error()
        raise LibcryptoMissing(
            f"{name} was built without SM2, as some distributions do. Install a build with SM2 beside it "
            "and name its libcrypto in HUB_LIBCRYPTO."
        )
    library.EVP_PKEY_CTX_free(context)
    return library


def complaint(library: ctypes.CDLL) -> str:
    """What this thread's error queue holds, oldest first; the queue is empty afterwards."""
    lines: list[str] = []
    buffer = ctypes.create_string_buffer(256)
    while number := library.ERR_get_error():
        library.ERR_error_string_n(number, buffer, len(buffer))
        lines.append(buffer.value.decode("ascii", "replace"))
    return "; ".join(lines) or "no reason given"


def fault(library: ctypes.CDLL, what: str) -> LibcryptoFault:
    """The error for a call that cannot fail unless memory or the library is broken."""
    return LibcryptoFault(f"libcrypto failed to {what}: {complaint(library)}. Nothing was signed; restart the process.")
