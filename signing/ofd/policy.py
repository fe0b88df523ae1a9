"""What a verifier may be told to take more strictly or more loosely than usual."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Policy:
    """How to judge where standards and practice leave room.

    Args:
        tolerance: how far two clocks may differ.
        accept_raw_signature: take signature values of 64 raw bytes r‖s too, as some makers write them; by the
            standard (GB/T 35276) they are DER.
        require_timestamp: a seal without a timestamp is a fault.
        require_lock: a list of signatures that no signature protects is a fault.
    """

    tolerance: timedelta = timedelta(minutes=5)
    accept_raw_signature: bool = False
    require_timestamp: bool = False
    require_lock: bool = False
