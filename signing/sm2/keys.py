"""SM2 keys (GB/T 32918) kept open in libcrypto between calls; every call is safe from any thread.

The library signs and verifies e = SM3(Z ‖ M), which is made here: so the user ID, of which OpenSSL 3 assumes
none, cannot be forgotten, Z is computed once a key instead of once a call, and the library's contexts can be
kept open. Other threads run while the library works.
"""

from __future__ import annotations

import base64
import ctypes
import re
import weakref
from ctypes import byref, c_char_p, c_size_t, c_void_p
from functools import lru_cache
from typing import ClassVar

from core.digest import sm3
from signing.errors import KeyRefused, SignatureInvalid
from signing.sm2.libcrypto import complaint, fault

#: The 16 ASCII bytes every certificate and seal here is signed with.
DEFAULT_USER_ID = b"1234567812345678"
#: SubjectPublicKeyInfo of an SM2 key up to its 65-byte point.
SPKI_PREFIX = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d034200")
_PUBLIC_PEM = re.compile(rb"-----BEGIN PUBLIC KEY-----([A-Za-z0-9+/=\s]+)-----END PUBLIC KEY-----")
_POINT_LENGTH = 65
_DIGEST_LENGTH = 32
_LONGEST_USER_ID = 8191
#: DER of two 33-byte integers.
_LONGEST_SIGNATURE = 72
# a, b, xG, yG of the recommended curve sm2p256v1, as they enter Z.
_CURVE = bytes.fromhex(
    "fffffffeffffffffffffffffffffffffffffffff00000000fffffffffffffffc"
    "28e9fa9e9d9f5e344d5a9e4bcf6509a7f39789f515ab8f92ddbcbd414d940e93"
    "32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7"
    "bc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0"
)


@lru_cache(maxsize=512)
def _z(point: bytes, user_id: bytes) -> bytes:
    return sm3((len(user_id) * 8).to_bytes(2, "big") + user_id + _CURVE + point[1:])


def message_digest(point: bytes, message: bytes, user_id: bytes = DEFAULT_USER_ID) -> bytes:
    """e = SM3(Z ‖ M), the 32 bytes that are signed, for the key with this 65-byte point."""
    _check_user_id(user_id)
    return sm3(_z(point, user_id) + message)


def _check_user_id(user_id: bytes) -> None:
    if not 1 <= len(user_id) <= _LONGEST_USER_ID:
        raise ValueError(f"an SM2 user ID has 1 to {_LONGEST_USER_ID} bytes, not {len(user_id)}")


def _check_digest(digest: bytes) -> None:
    if len(digest) != _DIGEST_LENGTH:
        raise ValueError(f"SM2 signs a digest of {_DIGEST_LENGTH} bytes, not {len(digest)}")


class _Key:
    """Owns one EVP_PKEY and the contexts opened on it; all are freed when the object goes."""

    __slots__ = ("__weakref__", "_handle", "_idle", "_library", "point")

    #: The library's function that readies a context for what this kind of key does.
    _begin: ClassVar[str]
    point: bytes

    def __init__(self, library: ctypes.CDLL, handle: int) -> None:
        self._library = library
        self._handle = handle
        # A context serves one call at a time: as many are made as threads were ever at work with this key at once.
        self._idle: list[int] = []
        weakref.finalize(self, _free, library, handle, self._idle).atexit = False
        self.point = _point_of(library, handle)

    def _context(self) -> int:
        """A context that no other call is using; to be put back into `_idle`."""
        try:
            return self._idle.pop()
        except IndexError:
            pass
        library = self._library
        context: int | None = library.EVP_PKEY_CTX_new_from_pkey(None, self._handle, None)
        if not context or getattr(library, self._begin)(context) != 1:
            library.EVP_PKEY_CTX_free(context)
            raise fault(library, "ready a key")
        return context

    def __repr__(self) -> str:
        return f"{type(self).__name__}({sm3(self.point).hex()[:16]}…)"


def _free(library: ctypes.CDLL, handle: int, contexts: list[int]) -> None:
    for context in contexts:
        library.EVP_PKEY_CTX_free(context)
    library.EVP_PKEY_free(handle)


class PublicKey(_Key):
    """Verifies; made from the 65-byte uncompressed point."""

    __slots__ = ()
    _begin = "EVP_PKEY_verify_init"

    @classmethod
    @lru_cache(maxsize=512)
    def from_point(cls, point: bytes) -> PublicKey:
        """Raises KeyRefused for bytes that are no uncompressed point of the curve."""
        from signing.sm2 import tested_library

        return cls._open(tested_library(), point)

    @classmethod
    def _open(cls, library: ctypes.CDLL, point: bytes) -> PublicKey:
        if len(point) != _POINT_LENGTH or point[0] != 4:
            raise KeyRefused("a public key is not an uncompressed SM2 point of 65 bytes; it was not used.")
        der = SPKI_PREFIX + point
        # d2i advances the pointer it is given, so it gets one of its own.
        handle = library.d2i_PUBKEY(None, byref(c_char_p(der)), len(der))
        if not handle:
            raise KeyRefused(f"a public key does not lie on the SM2 curve ({complaint(library)}); it was not used.")
        return cls(library, handle)

    @classmethod
    def load(cls, data: bytes) -> PublicKey:
        """The key in a SubjectPublicKeyInfo file, PEM ("PUBLIC KEY") or DER, its point uncompressed.

        Raises:
            KeyRefused: another structure, another curve, or a point off it.
        """
        der = data
        if not data.startswith(b"\x30"):
            found = _PUBLIC_PEM.search(data)
            try:
                der = base64.b64decode(b"".join(found[1].split()), validate=True) if found else b""
            except ValueError:
                der = b""
        if not der.startswith(SPKI_PREFIX):
            raise KeyRefused("the file holds no SM2 public key (SubjectPublicKeyInfo, PEM or DER); it was not used.")
        return cls.from_point(der[len(SPKI_PREFIX) :])

    def der(self) -> bytes:
        """The key as SubjectPublicKeyInfo, DER."""
        return SPKI_PREFIX + self.point

    def pem(self) -> bytes:
        """The key as SubjectPublicKeyInfo, PEM."""
        body = base64.b64encode(self.der())
        lines = [body[at : at + 64] for at in range(0, len(body), 64)]
        return b"\n".join((b"-----BEGIN PUBLIC KEY-----", *lines, b"-----END PUBLIC KEY-----", b""))

    def verify(self, message: bytes, signature: bytes, *, user_id: bytes = DEFAULT_USER_ID) -> None:
        """Return when `signature` (DER) is this key's over `message`.

        Raises:
            SignatureInvalid: it is not, or it is not strict DER with r and s in their range.
        """
        self.verify_digest(message_digest(self.point, message, user_id), signature)

    def verify_digest(self, digest: bytes, signature: bytes) -> None:
        """Return when `signature` (DER) is this key's over e = SM3(Z ‖ M), as devices and seal servers sign it.

        Raises:
            SignatureInvalid: as `verify`.
            ValueError: the digest has not 32 bytes.
        """
        _check_digest(digest)
        context = self._context()
        try:
            verified = self._library.EVP_PKEY_verify(context, signature, len(signature), digest, len(digest))
            if verified != 1:
                self._library.ERR_clear_error()
                raise SignatureInvalid("the SM2 signature does not verify over these bytes with this key.")
        finally:
            self._idle.append(context)


class PrivateKey(_Key):
    """Signs; never shows its secret except encrypted."""

    __slots__ = ()
    _begin = "EVP_PKEY_sign_init"

    @classmethod
    def generate(cls) -> PrivateKey:
        """A new key from the library's own random source."""
        from signing.sm2 import tested_library

        library = tested_library()
        context = library.EVP_PKEY_CTX_new_from_name(None, b"SM2", None)
        handle = c_void_p()
        try:
            made = context and library.EVP_PKEY_keygen_init(context) == 1
            if not made or library.EVP_PKEY_generate(context, byref(handle)) != 1 or not handle.value:
                raise fault(library, "generate a key")
        finally:
            library.EVP_PKEY_CTX_free(context)
        return cls(library, handle.value)

    @classmethod
    def load(cls, data: bytes, passphrase: bytes) -> PrivateKey:
        """The key in an encrypted PKCS#8 file, PEM or DER.

        Raises:
            KeyRefused: not an encrypted PKCS#8 file, another passphrase, damaged, no SM2 key, or private and
                public part are no pair.
        """
        from signing.sm2 import tested_library

        library = tested_library()
        if not passphrase or b"\0" in passphrase:
            raise KeyRefused("the passphrase is empty or holds a zero byte; the key stays locked.")
        pem = data.lstrip().startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")
        if not pem and not data.startswith(b"\x30"):
            raise KeyRefused("the key file is not an encrypted PKCS#8 file (PEM or DER); encrypt it and try again.")
        bio = library.BIO_new_mem_buf(data, len(data))
        if not bio:
            raise fault(library, "open a memory buffer")
        try:
            # The third argument (callback) stays empty, so the fourth is the passphrase and no terminal is asked.
            read = library.PEM_read_bio_PrivateKey if pem else library.d2i_PKCS8PrivateKey_bio
            handle = read(bio, None, None, passphrase)
        finally:
            library.BIO_free(bio)
        if not handle:
            raise KeyRefused(f"the key does not open ({complaint(library)}); check the passphrase and the file.")
        if library.EVP_PKEY_is_a(handle, b"SM2") != 1:
            library.EVP_PKEY_free(handle)
            raise KeyRefused("the key file holds a key of another kind than SM2; nothing was signed.")
        key = cls(library, handle)
        if library.EVP_PKEY_check(context := key._context()) != 1:
            library.ERR_clear_error()
            library.EVP_PKEY_CTX_free(context)
            raise KeyRefused("the key's private and public part are no pair; the file is damaged. Nothing was signed.")
        key._idle.append(context)
        return key

    def public(self) -> PublicKey:
        """The key that verifies what this one signs."""
        return PublicKey.from_point(self.point)

    def sign(self, message: bytes, *, user_id: bytes = DEFAULT_USER_ID) -> bytes:
        """The DER signature over the whole message."""
        return self.sign_digest(message_digest(self.point, message, user_id))

    def sign_digest(self, digest: bytes) -> bytes:
        """The DER signature over e = SM3(Z ‖ M), as devices and seal servers take it."""
        _check_digest(digest)
        library, context = self._library, self._context()
        buffer, length = ctypes.create_string_buffer(_LONGEST_SIGNATURE), c_size_t(_LONGEST_SIGNATURE)
        try:
            if library.EVP_PKEY_sign(context, buffer, byref(length), digest, len(digest)) != 1:
                raise fault(library, "sign a digest")
        finally:
            self._idle.append(context)
        return buffer.raw[: length.value]

    def encrypted_pem(self, passphrase: bytes) -> bytes:
        """The key as PKCS#8 under AES-256-CBC, PEM."""
        return self._written(self._library.PEM_write_bio_PKCS8PrivateKey, passphrase)

    def encrypted_der(self, passphrase: bytes) -> bytes:
        """The key as PKCS#8 under AES-256-CBC, DER."""
        return self._written(self._library.i2d_PKCS8PrivateKey_bio, passphrase)

    def _written(self, write: ctypes._FuncPointer, passphrase: bytes) -> bytes:
        if not passphrase or b"\0" in passphrase:
            raise KeyRefused("the passphrase is empty or holds a zero byte; the key was not written.")
        library = self._library
        bio = library.BIO_new(library.BIO_s_mem())
        if not bio:
            raise fault(library, "open a memory buffer")
        try:
            cipher = library.EVP_aes_256_cbc()
            if write(bio, self._handle, cipher, passphrase, len(passphrase), None, None) != 1:
                raise fault(library, "write a key")
            return _drained(library, bio)
        finally:
            library.BIO_free(bio)


def _drained(library: ctypes.CDLL, bio: int) -> bytes:
    buffer, parts = ctypes.create_string_buffer(4096), bytearray()
    while (got := library.BIO_read(bio, buffer, len(buffer))) > 0:
        parts += buffer.raw[:got]
    return bytes(parts)


def _point_of(library: ctypes.CDLL, handle: int) -> bytes:
    bio = library.BIO_new(library.BIO_s_mem())
    if not bio:
        raise fault(library, "open a memory buffer")
    try:
        if library.i2d_PUBKEY_bio(bio, handle) != 1:
            raise fault(library, "show a public key")
        der = _drained(library, bio)
    finally:
        library.BIO_free(bio)
    if len(der) != len(SPKI_PREFIX) + _POINT_LENGTH or not der.startswith(SPKI_PREFIX):
        raise KeyRefused("a key is not on the SM2 curve sm2p256v1; it was not used.")
    return der[len(SPKI_PREFIX) :]
