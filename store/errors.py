"""What can go wrong between the hub and its database or its keyring."""

from __future__ import annotations

from typing import ClassVar

from core.errors import Permanent, Retryable


class StoreUnavailable(Retryable):
    """PostgreSQL does not answer, ended the connection, or could not do it now; nothing of the transaction is left."""

    code: ClassVar[str] = "HUB-601"


class StoreFull(StoreUnavailable):
    """The disk under PostgreSQL's data is full; nothing of the transaction is left."""

    code: ClassVar[str] = "HUB-740"


class StoreNotReady(Permanent):
    """The database answers but is not the hub's, or its migrations have not been run."""

    code: ClassVar[str] = "HUB-602"


class KeyringUnusable(Permanent):
    """The data-protection keys are absent, unreadable, or not the ones the rows were sealed with."""

    code: ClassVar[str] = "HUB-603"


class BatchMoved(Permanent):
    """Another process took the batch or moved its cursor; this one stops before it writes."""

    code: ClassVar[str] = "HUB-604"


class PartsCollided(Retryable):
    """Two parts of a batch wrote the same record at the same moment; the later one wrote nothing."""

    code: ClassVar[str] = "HUB-611"


class StatusPlaceTaken(Retryable):
    """Two documents drew the same place in the status list at the same moment."""

    code: ClassVar[str] = "HUB-631"


class PartsUnfinished(Retryable):
    """A batch that is read in parts cannot be closed while one of them is not at its end."""

    code: ClassVar[str] = "HUB-612"


class NotInStore(Permanent):
    """The row asked for by its number is not there."""

    code: ClassVar[str] = "HUB-605"


class SealNotRegistered(Permanent):
    """A seal is not in the register of seals, so it is not used."""

    code: ClassVar[str] = "HUB-607"


class SealNotActive(Permanent):
    """A registered seal is suspended, revoked, superseded or outside its time of validity, so it is not used."""

    code: ClassVar[str] = "HUB-608"


class SealStateRefused(Permanent):
    """A seal of the register cannot go from its present state to the one asked for."""

    code: ClassVar[str] = "HUB-609"


class DataKeyRetired(Retryable):
    """A data key was replaced and dropped between reading a row, or sealing one, and the next step with it."""

    code: ClassVar[str] = "HUB-620"


class KeysBusy(Retryable):
    """Another process is rotating or dropping keys at this moment."""

    code: ClassVar[str] = "HUB-621"


class KekNotHere(KeyringUnusable):
    """The keys folder does not hold the key-encryption key that a data key is wrapped by."""

    code: ClassVar[str] = "HUB-622"


class RowsHeld(Retryable):
    """Rows stayed in the hands of other transactions for so long that they were not sealed anew."""

    code: ClassVar[str] = "HUB-623"
