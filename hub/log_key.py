"""The SM2 key that signs heads of the logs: configured in `press.toml`, in demo mode one of the demo keys."""

from __future__ import annotations

from typing import ClassVar

from core.errors import Permanent
from core.settings import Mode, Settings
from hub.press import open_key, sm2_only
from hub.press_file import press_file_of
from hub.trust import DEMO
from signing.certificates import Certificate
from signing.demo_pki import TEST_MARK, open_log_key
from signing.port import Signer


class LogKeyUnset(Permanent):
    """Production mode, and no key for the logs' heads is configured, or one that says 测试."""

    code: ClassVar[str] = "HUB-782"


def log_key(settings: Settings) -> Signer:
    """Opened for signing.

    Raises:
        LogKeyUnset: see there; no head is sealed. Entries go on being written and numbered.
        PressMalformed: from `press.toml`.
        KeyRefused, CertificateRefused, DemoKeysBroken: the key is absent, locked, or not its certificate's.
        SignerUnavailable: a Retryable; token or platform does not answer.
    """
    file = press_file_of(settings)
    if file.log is None:
        if settings.mode is Mode.PRODUCTION:
            raise LogKeyUnset(
                f"production mode, and {file.path} names no key for the logs: no head was sealed, entries are written "
                "and numbered all the same. Write its section [log]; hub/press.example.toml explains every key."
            )
        return open_log_key(settings.keys / DEMO)
    signer = sm2_only(open_key(file.log), "[log]")
    if settings.mode is Mode.PRODUCTION and TEST_MARK in Certificate.read(signer.certificate).common_name:
        raise LogKeyUnset(
            "production mode refuses the demo key of the logs; no head was sealed. Configure a key of the bureau's own."
        )
    return signer
