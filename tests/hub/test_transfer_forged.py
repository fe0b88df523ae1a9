"""Letters that were forged, changed or misdirected are set aside, and nothing moves because of them."""

from __future__ import annotations

import copy
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.canonical import canonical
from hub.transfer_ask import request
from hub.transfer_desk import Desk
from hub.transfer_letters import BODY, SIGNATURE, own, write
from hub.transfer_names import LetterName
from hub.transfer_post import LettersSetAside, open_inbox
from hub.transfer_routes import route_to
from hub.transfer_run import run, run_all
from hub.transfer_told import items_of, set_aside
from schemas.transfer import Letter, State
from signing.envelope import seal_to
from store.transfer_letters import of_transfer
from tests.hub.conftest import NOON
from tests.hub.transfer_world import Pair

Said = dict[str, Any]


def begun(pair: Pair) -> str:
    """A transfer whose parcel has left and was not opened yet."""
    world = pair.world
    id_ = request(pair.into, world.number, "dongxihu", name=world.name, reason="住所迁入", who="officer").id
    run_all(pair.into)
    run_all(pair.out)
    return id_


class Smuggler:
    """Brings letters to the inbox of a hub as somebody would who has the medium, or the peer's key, in his hands."""

    def __init__(self, pair: Pair, sender: Desk, receiver: Desk, id_: str, kind: Letter, folder: Path) -> None:
        self.sender, self.receiver, self.id, self.kind, self.folder = sender, receiver, id_, kind, folder
        (letter,) = [one for one in of_transfer(sender.hub.connection, id_) if one.kind is kind]
        path = sender.hub.settings.home / letter.path
        self.round, self.said = letter.round, dict(own(path, letter.sm3))
        with zipfile.ZipFile(path) as file:
            self.enclosed = {name: file.read(name) for name in file.namelist() if name not in (BODY, SIGNATURE)}
            self.signature = file.read(SIGNATURE)
        self.other = pair.out if sender.hub is pair.destination else pair.into

    def bring(
        self,
        change: Callable[[Said], object] = lambda _: None,
        *,
        by: Desk | None = None,
        signature: bytes | None = None,
        more: dict[str, bytes] | None = None,
        transfer: str | None = None,
        number: int | None = None,
        spoil: bool = False,
    ) -> None:
        said = copy.deepcopy(self.said)
        change(said)
        body = canonical(said)
        signed = signature or (by or self.sender).press.sign_detached(body, NOON)
        plain, sealed = self.folder / "forged.zip", self.folder / "forged.env"
        write(plain, body, signed, {**self.enclosed, **(more or {})}.items())
        peer = self.sender.peers.peers[0]
        seal_to(self.sender.peers.envelope(peer), plain, sealed, transfer=transfer or self.id, at=NOON)
        if spoil:
            data = bytearray(sealed.read_bytes())
            data[-40] ^= 1
            sealed.write_bytes(data)
        name = LetterName(self.id, self.round if number is None else number, self.kind, sealed.stat().st_size)
        route_to(self.sender.hub.settings, self.sender.ours.credit_code, peer).deliver(sealed, str(name))

    def refused(self) -> str:
        """What the receiver says of the only letter that waits for it."""
        arrived = open_inbox(self.receiver)
        assert (arrived.taken, arrived.had, len(arrived.aside)) == ([], [], 1)
        with pytest.raises(LettersSetAside):
            arrived.demand_sound()
        assert (
            route_to(self.receiver.hub.settings, self.receiver.ours.credit_code, self.receiver.peers.peers[0]).waiting()
            == []
        )
        return arrived.aside[0][1]


def test_a_forged_parcel_is_refused_whole(pair: Pair, tmp_path: Path) -> None:
    id_ = begun(pair)
    forger = Smuggler(pair, pair.out, pair.into, id_, Letter.PARCEL, tmp_path)
    waiting = sorted(pair.world.medium.rglob("*-parcel.*.env"))
    kept = [path.read_bytes() for path in waiting]
    for path in waiting:
        path.unlink()
    open_inbox(pair.into)  # the answer

    def other_number(said: Said) -> None:
        said["parties"][0]["numbers"][0]["number"] = "91420112MA4K000005"

    def other_root(said: Said) -> None:
        head = said["log"]["heads"][-1]
        head["statement"] = head["statement"].replace('"root":"', '"root":"00')

    def no_link(said: Said) -> None:
        said["log"]["older"] = {number: [] for number in said["log"]["older"]}

    attacks: dict[str, tuple[dict[str, Any], str]] = {
        "the body changed, the signature kept": ({"change": other_number, "signature": forger.signature}, "signature"),
        "signed by another bureau": ({"by": forger.other}, "another organ"),
        "another company's": ({"change": other_number}, "another company"),
        "a head with another root": ({"change": other_root}, "log does not hold"),
        "an older head that is not the beginning": ({"change": no_link}, "log does not hold"),
        "figures that do not fit": ({"change": lambda said: said["counts"].update(packages=9)}, "contradicts"),
        "a package listed twice": (
            {"change": lambda said: said["packages"].append(said["packages"][0])}, "contradicts",
        ),
        "a path that leads elsewhere": (
            {"change": lambda said: said["packages"][0].update(path="../x.zip")}, "contradicts",
        ),
        "a file no list names": ({"more": {"packages/extra.zip": b"x"}}, "does not list"),
        "for another notice": ({"change": lambda said: said.update(notice="0" * 64)}, "another notice"),
        "for another hub": ({"change": lambda said: said["to"].update(credit_code="x")}, "(to)"),
        "in an envelope of another transfer": ({"transfer": "other"}, "another transfer"),
        "named as another round": ({"number": 7}, "another round"),
        "a byte of the envelope": ({"spoil": True}, "altered"),
    }  # fmt: skip
    for name, (how, why) in attacks.items():
        forger.bring(**how)
        assert why in forger.refused(), name
        assert (pair.into.get(id_).state, items_of(pair.destination, id_)) == (State.PROMISED, []), name
    assert len(set_aside(pair.destination)) == len(attacks)
    assert len(list((pair.destination.settings.home / "transfers" / "aside").rglob("*.env"))) >= 1

    for path, data in zip(waiting, kept, strict=True):
        path.write_bytes(data)
    run_all(pair.into).demand_sound()
    run_all(pair.out).demand_sound()
    assert pair.out.get(id_).state is State.SETTLED, "the true one was taken after all of them"


def test_a_package_whose_proof_is_wrong_is_refused_alone(pair: Pair, tmp_path: Path) -> None:
    id_ = begun(pair)
    first, second, third = pair.world.file_nos
    forger = Smuggler(pair, pair.out, pair.into, id_, Letter.PARCEL, tmp_path)
    for path in pair.world.medium.rglob("*-parcel.*.env"):
        path.unlink()

    def wrong(said: Said) -> None:
        of = {one["file_no"]: one for one in said["packages"]}
        of[second]["proof"]["path"] = ["00" * 32, *of[second]["proof"]["path"][1:]]
        of[third]["proof"] = None

    forger.bring(wrong)
    open_inbox(pair.into).demand_sound()
    run(pair.into, id_)
    found = {one.file_no: (one.standing, one.reasons) for one in items_of(pair.destination, id_)}
    assert found[first] == ("accepted", [])
    assert found[second] == ("refused", ["存在证明不成立：不能证明该档案包在移出方档案登记中"])
    assert found[third] == ("refused", ["移出方档案登记中没有该档案包"])


def test_a_forged_receipt_settles_nothing(pair: Pair, tmp_path: Path) -> None:
    id_ = begun(pair)
    run_all(pair.into)
    (true,) = pair.world.medium.rglob("*-receipt.*.env")
    kept = true.read_bytes()
    true.unlink()
    forger = Smuggler(pair, pair.into, pair.out, id_, Letter.RECEIPT, tmp_path)

    def lost(said: Said) -> None:
        said["accepted"].pop()
        said["counts"]["accepted"] -= 1

    attacks: dict[str, tuple[dict[str, Any], str]] = {
        "signed by another bureau": ({"by": forger.other}, "another organ"),
        "the body changed, the signature kept": ({"change": lost, "signature": forger.signature}, "signature"),
        "of another parcel": ({"change": lambda said: said.update(manifest="0" * 64)}, "not of the parcel"),
        "of fewer packages": ({"change": lost}, "other packages"),
        "of another digest": (
            {"change": lambda said: said["accepted"][0].update(sm3="0" * 64)}, "was not sent like that",
        ),
        "that contradicts itself": ({"change": lambda said: said.update(complete=False)}, "list says otherwise"),
        "without figures": ({"change": lambda said: said.pop("counts")}, "lacks something"),
    }  # fmt: skip
    for name, (how, why) in attacks.items():
        forger.bring(**how)
        assert why in forger.refused(), name
        assert pair.out.get(id_).state is State.SENT, name
    true.write_bytes(kept)
    run_all(pair.out).demand_sound()
    assert pair.out.get(id_).state is State.SETTLED


def test_what_is_no_letter_or_of_no_transfer_is_set_aside(pair: Pair) -> None:
    box = pair.world.medium / f"to-{pair.out.ours.credit_code}" / f"from-{pair.into.ours.credit_code}"
    box.mkdir(parents=True)
    (box / "notes.txt").write_text("not for the hub")
    (box / str(LetterName("0" * 8 + "-0000-0000-0000-" + "0" * 12, 1, Letter.RECEIPT, 5))).write_bytes(b"12345")
    (box / str(LetterName("0" * 8 + "-0000-0000-0000-" + "0" * 12, 0, Letter.NOTICE, 5))).write_bytes(b"12345")
    arrived = open_inbox(pair.out)
    told = sorted(why.partition(" ")[0] for _, why in arrived.aside)
    assert told == ["HUB-825", "HUB-835", "HUB-996"] and list(box.iterdir()) == []
