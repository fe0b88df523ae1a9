"""SM2 public-key encryption (GB/T 32918.4): short secrets such as content keys, in the form of GM/T 0009.

The ciphertext is DER `SEQUENCE { x INTEGER, y INTEGER, C3 OCTET STRING, C2 OCTET STRING }`; C3 is SM3 over the
message, so a changed ciphertext is noticed.
"""

from __future__ import annotations

import ctypes
from ctypes import byref, c_size_t

from signing import der
from signing.errors import CiphertextRefused, DerRefused
from signing.sm2.keys import PrivateKey, PublicKey
from signing.sm2.libcrypto import fault

#: A content key is 16 to 64 bytes; whoever has more encrypts it with such a key.
LONGEST = 256
_C3_LENGTH = 32
#: What the DER of a ciphertext has at most beside C2.
_AROUND = 128


def encrypt(key: PublicKey, message: bytes) -> bytes:
    """`message` (1 to 256 bytes) for the holder of the private key; another ciphertext each time.

    Raises:
        ValueError: the message is empty or longer.
    """
    if not 1 <= len(message) <= LONGEST:
        raise ValueError(f"SM2 encrypts 1 to {LONGEST} bytes here, not {len(message)}")
    found = _run(key, "encrypt", message, len(message) + _AROUND)
    if found is None:
        raise fault(key._library, "encrypt")
    return found


def decrypt(key: PrivateKey, ciphertext: bytes) -> bytes:
    """The message.

    Raises:
        CiphertextRefused: not strict DER of the form above, made for another key, or changed.
    """
    try:
        parts = der.read(ciphertext, "SM2 ciphertext").fields("SM2 ciphertext", 4)
        for coordinate in parts[:2]:
            coordinate.integer("SM2 ciphertext point")
        check, body = (part.octets("SM2 ciphertext") for part in parts[2:])
    except DerRefused as error:
        raise CiphertextRefused(f"an SM2 ciphertext cannot be read: {error.message}") from None
    found = None
    if len(check) == _C3_LENGTH and 1 <= len(body) <= LONGEST:
        found = _run(key, "decrypt", ciphertext, len(ciphertext))
    if found is None:
        # One answer for every cause: what exactly failed is nobody's business who sent it.
        raise CiphertextRefused("an SM2 ciphertext is not for this key, or was changed; nothing was decrypted.")
    return found


def _run(key: PublicKey | PrivateKey, verb: str, data: bytes, room: int) -> bytes | None:
    """What the library gives; None where it refuses."""
    library = key._library
    # Rare beside signing, so the context is not kept.
    context = library.EVP_PKEY_CTX_new_from_pkey(None, key._handle, None)
    buffer, length = ctypes.create_string_buffer(room), c_size_t(room)
    try:
        if not context or getattr(library, f"EVP_PKEY_{verb}_init")(context) != 1:
            raise fault(library, f"ready a key to {verb}")
        done = getattr(library, f"EVP_PKEY_{verb}")(context, buffer, byref(length), data, len(data)) == 1
        library.ERR_clear_error()
        return buffer.raw[: length.value] if done else None
    finally:
        library.EVP_PKEY_CTX_free(context)
        ctypes.memset(buffer, 0, room)
