"""`hub verify`, `archive check` and `render`: three verdicts, three statuses, and never a wrong "invalid"."""

from __future__ import annotations

import base64
import shutil
import zipfile
from pathlib import Path

import pytest

import hub.verify
from tests.cli.command import Command
from tests.cli.conftest import World

REPORT_KEYS = {"verdict", "verdict_zh", "at", "steps", "notes", "seals"}
STEP_KEYS = {"step", "key", "title_zh", "title_en", "state", "zh", "en", "signature", "file", "source"}


@pytest.fixture
def licence(world: World) -> Path:
    return world.licence()


@pytest.fixture
def package(world: World) -> Path:
    return world.package()


@pytest.fixture
def root(world: World) -> Path:
    return world.command.home / "keys" / "demo" / "root-cert.pem"


def changed(path: Path, folder: Path, entry: str) -> Path:
    """A copy in which one byte of the first file that `entry` names is another."""
    copy = folder / path.name
    with zipfile.ZipFile(path) as before, zipfile.ZipFile(copy, "w", zipfile.ZIP_DEFLATED) as after:
        victim = next(name for name in before.namelist() if name.endswith(entry))
        for info in before.infolist():
            data = bytearray(before.read(info))
            if info.filename == victim:
                data[len(data) // 2] ^= 1
            after.writestr(info, bytes(data))
    return copy


def test_a_licence_of_this_hub_is_valid(command: Command, licence: Path) -> None:
    said = command("verify", str(licence))
    assert (said.status, said.lines[0], said.err) == (0, "有效", "")
    assert len(said.lines) > 10
    assert command("verify", "--quiet", str(licence)).lines == ["有效"]


def test_a_report_as_json_has_stable_keys(command: Command, licence: Path) -> None:
    said = command("verify", "--json", str(licence))
    assert (said.status, said.json.keys(), said.json["verdict"]) == (0, REPORT_KEYS, "valid")
    assert {key for step in said.json["steps"] for key in step} == STEP_KEYS


def test_verifying_needs_no_database_and_no_settings(away: Command, licence: Path, root: Path) -> None:
    assert away("verify", str(licence), "--trust", str(root), HUB_DATABASE_URL="").status == 0


def test_one_byte_changed_is_invalid(command: Command, licence: Path, tmp_path: Path) -> None:
    copy = changed(licence, tmp_path, "Content.xml")
    said = command("verify", str(copy))
    assert (said.status, said.lines[0][:2]) == (1, "无效")
    assert command("verify", "--json", str(copy)).json["verdict"] == "invalid"


def test_any_byte_changed_anywhere_is_never_valid(command: Command, licence: Path, tmp_path: Path) -> None:
    whole = licence.read_bytes()
    copy = tmp_path / "copy.ofd"
    for place in range(0, len(whole), len(whole) // 24):
        copy.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert command("verify", "-q", str(copy)).status == 1, place


def test_without_a_trusted_root_it_cannot_tell_and_says_what_to_do(
    command: Command, licence: Path, tmp_path: Path
) -> None:
    said = command("verify", str(licence), HUB_KEYS=str(tmp_path))
    assert (said.status, said.lines[0][:4]) == (2, "无法判断")
    assert "--trust" in said.err
    assert str(tmp_path / "trust") in said.err
    as_json = command("verify", str(licence), "--json", HUB_KEYS=str(tmp_path))
    assert (as_json.status, as_json.json["verdict"], as_json.err) == (2, "cannot_tell", "")


def test_only_the_given_root_counts(command: Command, licence: Path, root: Path, ofd_seals: Path) -> None:
    assert command("verify", "-q", str(licence), "--trust", str(root)).status == 0
    assert command("verify", "-q", str(licence), "--trust", str(ofd_seals / "pki" / "root-cert.pem")).status != 0


def test_a_report_is_told_in_english_when_asked(command: Command, licence: Path) -> None:
    said = command("verify", "--english", str(licence))
    assert (said.status, said.lines[0]) == (0, "valid")
    assert "有效" not in said.out


def test_what_is_demanded_of_the_seals_decides(command: Command, licence: Path) -> None:
    organ, seal_id = "11420112MB0000000M", "42011200000001"
    good = ["--organ", organ, "--seal-id", seal_id, "--seals", "1"]
    assert command("verify", "-q", str(licence), *good).status == 0
    for bad in (["--organ", "91420112MAKTE5T008"], ["--seal-id", "42011200000002"], ["--seals", "2"]):
        assert command("verify", "-q", str(licence), *bad).status == 1, bad


def test_revocation_lists_are_judged_by(command: Command, licence: Path, root: Path, tmp_path: Path) -> None:
    lists = sorted(root.parent.glob("*.crl"))
    assert len(lists) == 2
    given = [part for path in lists for part in ("--crl", str(path))]
    assert command("verify", "-q", str(licence), *given).status == 0
    assert command("verify", "-q", str(licence), *given[:2]).status == 2, "one issuer is not covered"
    pem = tmp_path / "lists.pem"
    body = [base64.b64encode(path.read_bytes()).decode() for path in lists]
    pem.write_text("".join(f"-----BEGIN X509 CRL-----\n{one}\n-----END X509 CRL-----\n" for one in body))
    assert command("verify", "-q", str(licence), "--crl", str(pem)).status == 0


def test_lists_that_the_press_file_names_count(own: Command, licence: Path) -> None:
    (own.home / "keys" / "press.toml").write_text('[revocation]\nlists = ["demo/root.crl"]\n')
    assert own("verify", "-q", str(licence)).status == 2
    (own.home / "keys" / "press.toml").write_text('[revocation]\nlists = ["demo/root.crl", "demo/intermediate.crl"]\n')
    assert own("verify", "-q", str(licence)).status == 0
    (own.home / "keys" / "press.toml").write_text('[revocation]\nlists = ["absent.crl"]\n')
    said = own("verify", "-q", str(licence))
    assert (said.status, said.err[:8]) == (2, "HUB-306 ")
    (own.home / "keys" / "press.toml").write_text("[revocation]\nlist = 1\n")
    said = own("verify", "-q", str(licence))
    assert (said.status, said.err[:8]) == (2, "HUB-712 ")


def test_files_of_others_get_their_verdicts_as_statuses(command: Command, ofd_seals: Path) -> None:
    trust = [part for name in ("root", "tsa") for part in ("--trust", str(ofd_seals / "pki" / f"{name}-cert.pem"))]
    assert command("verify", str(ofd_seals / "ok-12-v4-timestamp.ofd"), *trust).status == 0
    assert command("verify", str(ofd_seals / "bad-01-content-byte.ofd"), *trust).status == 1
    assert command("verify", str(ofd_seals / "ok-01-v4-whole.ofd")).status != 0


def test_before_the_seal_was_made_the_licence_is_not_valid(command: Command, licence: Path) -> None:
    for moment in ("2020-01-01", "2020-01-01T09:30", "2020-01-01T09:30+08:00", "1970-01-03", "2020-01-01T01:30Z"):
        said = command("verify", "-q", "--at", moment, str(licence))
        assert said.status == 1, moment
        assert "签章时间" in said.out


@pytest.mark.parametrize(
    "moment", ["", "yesterday", "2026-13-01", "2026-03-02T25:00", "0001-01-01", "9999-12-31T23:59-14:00", "20260302T"]
)
def test_a_time_that_is_none_is_a_usage_error(command: Command, licence: Path, moment: str) -> None:
    said = command("verify", "--at", moment, str(licence))
    assert (said.status, said.out) == (3, "")
    assert "--at" in said.err


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x05\x06" + bytes(18), b"%PDF-1.7\n", bytes(100_000)])
def test_what_is_no_licence_is_invalid(command: Command, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "file.ofd"
    file.write_bytes(content)
    said = command("verify", str(file))
    assert (said.status, said.lines[0][:2]) == (1, "无效")


@pytest.mark.parametrize("arguments", [["verify"], ["archive", "check"]])
def test_what_cannot_be_read_is_a_usage_error(command: Command, arguments: list[str], tmp_path: Path) -> None:
    for given in ([], [str(tmp_path)], [str(tmp_path / "absent")], [str(__file__), "--frobnicate"], ["a", "b"]):
        said = command(*arguments, *given)
        assert (said.status, said.out) == (3, ""), given
        assert "Usage: hub " in said.err


@pytest.mark.parametrize("content", [b"", b"no certificate", b"-----BEGIN CERTIFICATE-----\nAAAA\n"])
def test_trust_that_is_no_certificate_is_a_usage_error_that_names_the_file(
    command: Command, licence: Path, package: Path, tmp_path: Path, content: bytes
) -> None:
    bad = tmp_path / "bad.pem"
    bad.write_bytes(content)
    for arguments in (["verify", str(licence)], ["archive", "check", str(package)]):
        said = command(*arguments, "--trust", str(bad))
        assert (said.status, said.out) == (3, "")
        assert "bad.pem" in said.err
        assert command(*arguments, "--trust", str(tmp_path / "absent.pem")).status == 3


def test_a_key_in_place_of_a_certificate_is_a_usage_error_and_is_not_shown(
    command: Command, licence: Path, root: Path
) -> None:
    key = root.with_name("root-key.pem")
    said = command("verify", str(licence), "--trust", str(key))
    assert said.status == 3
    assert key.read_text().splitlines()[1] not in said.err


def test_a_broken_trust_folder_is_cannot_tell_not_invalid(
    command: Command, licence: Path, package: Path, tmp_path: Path
) -> None:
    (tmp_path / "trust").mkdir()
    (tmp_path / "trust" / "root.pem").write_text("no certificate")
    for arguments in (["verify", str(licence)], ["archive", "check", str(package)]):
        said = command(*arguments, HUB_KEYS=str(tmp_path))
        assert (said.status, said.err[:8]) == (2, "HUB-306 ")


def test_a_wrong_mode_is_cannot_tell_not_invalid(command: Command, licence: Path) -> None:
    said = command("verify", str(licence), HUB_MODE="test")
    assert (said.status, said.err[:8]) == (2, "HUB-010 ")


def test_a_fault_of_ours_is_cannot_tell_and_shows_no_message(
    command: Command, licence: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise KeyError("张三丰 11010519491231002X")

    monkeypatch.setattr(hub.verify, "verify_file", broken)
    said = command("verify", str(licence))
    assert (said.status, said.out) == (2, "")
    assert "unexpected fault (KeyError" in said.err
    assert "张三丰" not in said.err
    assert len(said.err.splitlines()) == 1


def test_a_device_without_an_end_does_not_fill_memory(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cli.verify.LICENCE_BYTES", 1 << 16)
    assert command("verify", "-q", "/dev/zero").status == 1


def test_a_good_package_passes(command: Command, package: Path) -> None:
    said = command("archive", "check", str(package))
    assert (said.status, said.err) == (0, "")
    assert said.lines[0].endswith("：有效")
    assert "包内证照" in said.out
    found = command("archive", "check", "--json", str(package)).json
    assert found.keys() == {"verdict", "package", "documents"}
    assert {"verdict", "electronic_file_no", "items"} <= found["package"].keys()
    assert {key for one in found["documents"] for key in one} == REPORT_KEYS | {"file"}


def test_the_checks_of_a_package_are_kept_and_a_walk_makes_one_of_each(command: Command, package: Path) -> None:
    assert command("archive", "reports", package.stem, "--json").json[-1]["stage"] == "GD"
    walked = command("archive", "walk", "--days", "0", "--json")
    assert (walked.status, walked.json["invalid"], walked.json["left"]) == (0, [], 0)
    assert walked.json["checked"] > 0
    said = command("archive", "reports", package.stem)
    assert (said.status, " CQ " in said.out, " GD " in said.out) == (0, True, True)
    unknown = command("archive", "reports", "nothing")
    assert (unknown.status, unknown.err[:8]) == (1, "HUB-972 ")


def test_a_report_is_written_under_seal_and_as_a_page(command: Command, package: Path, tmp_path: Path) -> None:
    sealed, again, page = tmp_path / "report.ofd", tmp_path / "again.ofd", tmp_path / "report.html"
    first = command("archive", "reports", package.stem, "--json").json[-1]["check"]
    said = command("archive", "report", package.stem, "--check", str(first), "--out", str(sealed), "--json")
    assert (said.status, said.json["check"], said.json["bytes"]) == (0, first, sealed.stat().st_size)
    assert command("archive", "report", package.stem, "--check", str(first), "--out", str(again)).status == 0
    assert sealed.read_bytes() == again.read_bytes()
    assert command("verify", "-q", str(sealed)).status == 0
    assert command("archive", "report", package.stem, "--as", "html", "--out", str(page)).status == 0
    assert "四性检测报告" in page.read_text() and "未检测" in page.read_text()
    for arguments, code in (([package.stem, "--check", "999999"], "HUB-993"), (["nothing"], "HUB-972")):
        refused = command("archive", "report", *arguments, "--out", str(tmp_path / "none.ofd"))
        assert (refused.status, refused.err[:7]) == (1, code)
    assert not (tmp_path / "none.ofd").exists()


def test_what_is_there_is_not_taken_in_twice_and_what_fails_not_at_all(
    command: Command, package: Path, tmp_path: Path
) -> None:
    twice = command("archive", "take-in", str(package))
    assert (twice.status, twice.err[:7], "the same one" in twice.err) == (1, "HUB-995", True)
    bag = tmp_path / "bag.zip"
    assert command("archive", "export", str(package), "--as", "bag", "--out", str(bag)).status == 0
    brought = command("archive", "import", str(bag), "--stage", "YJ", "--out", str(tmp_path / "package.zip"), "--json")
    assert (brought.status, brought.json["package"]["stage"]) == (0, "YJ")
    none = tmp_path / "none.zip"
    none.write_bytes(b"no zip")
    assert command("archive", "take-in", str(none)).status == 1


@pytest.mark.parametrize("entry", [".ofd", ".json", ".xml"])
def test_a_package_with_one_byte_changed_fails(command: Command, package: Path, tmp_path: Path, entry: str) -> None:
    said = command("archive", "check", str(changed(package, tmp_path, entry)))
    assert (said.status, "不通过" in said.out) == (1, True)


def test_what_is_no_package_fails_and_says_so_shortly(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "file.zip"
    for content in (b"", b"no zip"):
        file.write_bytes(content)
        said = command("archive", "check", str(file))
        assert said.status == 1
        assert len(said.lines) < 5
        assert command("archive", "check", str(file), "--json").json["verdict"] == "invalid"


def test_a_package_without_a_trusted_root_cannot_be_told(command: Command, package: Path, tmp_path: Path) -> None:
    said = command("archive", "check", str(package), HUB_KEYS=str(tmp_path))
    assert said.status == 2
    assert "--trust" in said.err


def test_render_draws_every_page_and_names_the_files(command: Command, licence: Path, tmp_path: Path) -> None:
    said = command("render", str(licence), "--out", str(tmp_path / "new"), "--dpi", "40")
    assert said.status == 0
    drawn = [Path(line) for line in said.lines]
    assert len(drawn) == 2, "正本 and 副本"
    assert all(page.read_bytes().startswith(b"\x89PNG") for page in drawn)
    as_json = command("render", str(licence), "--out", str(tmp_path), "--dpi", "40", "--json")
    assert as_json.json == {"pictures": [str(tmp_path / page.name) for page in drawn], "left_out": []}


def test_render_refuses_what_is_no_licence_and_writes_nothing(command: Command, tmp_path: Path) -> None:
    said = command("render", str(__file__), "--out", str(tmp_path / "new"))
    assert (said.status, said.err[:8]) == (1, "HUB-401 ")
    assert not (tmp_path / "new").exists()


def test_render_into_a_place_that_cannot_be_written_fails_with_one_line(command: Command, licence: Path) -> None:
    said = command("render", str(licence), "--out", "/dev/null/x")
    assert said.status in (1, 3)
    assert "/dev/null" in said.err


def test_a_path_with_chinese_and_blanks_is_a_path(command: Command, licence: Path, tmp_path: Path) -> None:
    copy = tmp_path / "食品 经营\n许可证.ofd"
    shutil.copy(licence, copy)
    assert command("verify", "-q", str(copy)).status == 0


@pytest.mark.parametrize("form", ["bag", "eep", "csip"])
def test_a_package_goes_out_in_another_form_and_comes_back_the_same(
    command: Command, package: Path, tmp_path: Path, form: str
) -> None:
    out, back = tmp_path / f"out.{form}", tmp_path / "back.zip"
    assert command("archive", "export", str(package), "--as", form, "--out", str(out)).status == 0
    said = command("archive", "import", str(out), "--out", str(back), "--json")
    assert (said.status, said.json["form"], said.json["verdict"]) == (0, form, "valid")
    assert back.read_bytes() == package.read_bytes()


@pytest.mark.parametrize(("form", "code"), [("bag", "HUB-508"), ("csip", "HUB-986")])
def test_a_form_changed_on_its_way_is_refused_and_nothing_written(
    command: Command, package: Path, tmp_path: Path, form: str, code: str
) -> None:
    out, back = tmp_path / "out.zip", tmp_path / "back.zip"
    command("archive", "export", str(package), "--as", form, "--out", str(out))
    said = command("archive", "import", str(changed(out, tmp_path / "..", ".ofd")), "--out", str(back))
    assert said.status == 1 and code in said.err
    assert not back.exists()
