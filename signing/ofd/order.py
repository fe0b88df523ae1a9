"""The order of a package's entries, which is signed along with them.

A zip file's entries can be reordered without changing one of them, so digests alone do not notice it. Signatures
whose (signed) Provider is this house, with a Version, therefore fix the order: when such a signature is the last
of the list, the package's entries must be exactly

    the files its References list, in that order, then its own Signature.xml, then its own SignedValue.dat.

As it lists all files of the signatures before it, that fixes the whole package. Signatures.xml itself stands in the
list when the signature locks it. While it is open it is not listed; it then stands directly before the first file
(Seal.esl, or Signature.xml where there is no seal) of the first signature of this kind, and where all signatures are
of this kind its bytes are exactly what `write_records` makes of them.

Signatures of other makers, and those this house made before it wrote a Version, say nothing about order, and nothing
is asked of them.
"""

from __future__ import annotations

from collections.abc import Sequence

from signing.ofd.coverage import Described
from signing.ofd.description import number_of, write_records
from signing.ofd.layout import Files
from signing.ofd.steps import Step
from signing.report import HOUSE_RULE, Log


def check_order(log: Log, files: Files, list_path: str, signatures: Sequence[Described]) -> None:
    """Write when the entries are not in the order that was signed, or an open list is not as it was written.

    Args:
        signatures: all signatures of the list, in its order.
    """
    if not signatures or not signatures[-1].description.orders_entries:
        return
    last = signatures[-1]
    due = [path for path, _ in last.description.references]
    due += [last.record.path, last.description.value]
    is_open = list_path not in due
    if is_open:
        first = next(one for one in signatures if one.description.orders_entries)
        own = [due.index(path) for path in first.own if path in due]
        due.insert(min(own, default=len(due)), list_path)
    found = list(files.entries)
    if found != due:
        differs = next((name for name, other in zip(found, due, strict=False) if name != other), "")
        log.of(last.record.id).failed(
            Step.INTEGRITY,
            "包内文件的次序与签署时不一致",
            "the package's entries are not in the order that was signed",
            differs or found[-1],
            HOUSE_RULE,
        )
    if is_open and all(one.description.orders_entries for one in signatures):
        _check_list(log, files, list_path, signatures)


def _check_list(log: Log, files: Files, list_path: str, signatures: Sequence[Described]) -> None:
    stamps = (stamp.id for one in signatures for stamp in one.description.stamps)
    identifiers = [*(one.record.id for one in signatures), *stamps]
    largest = max(identifiers, key=lambda one: number_of(one) or 0)
    if files.entries[list_path] != write_records([one.record for one in signatures], largest):
        log.failed(
            Step.INTEGRITY,
            "签名列表与写入时不一致",
            "the list of signatures is not as it was written",
            list_path,
            HOUSE_RULE,
        )
