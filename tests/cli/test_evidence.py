"""`hub evidence` and `hub archive evidence|check-evidence`: a package's evidence goes where there is no hub."""

from __future__ import annotations

import json
from pathlib import Path

from cli import evidence
from hub.kept_logs import NAMES
from sandbox import tsa
from tests.cli.command import Command


def test_it_is_for_the_logs_that_the_hub_keeps() -> None:
    assert evidence._LOGS == NAMES


def test_what_is_exported_is_proven_anywhere(own: Command, away: Command, tmp_path: Path) -> None:
    assert own("archive", "seal").status == 0
    said = own("evidence", "renew", "--force")
    assert said.status == 1
    assert "HUB-990" in said.err
    assert own("evidence", "status").status == 0
    kept = tsa.keys(tmp_path / "tsa")
    roots = [Path(kept.described()[key]) for key in ("trust_file", "trust_file_p256")]
    (own.home / "keys" / "trust").mkdir(exist_ok=True)
    for root in roots:
        (own.home / "keys" / "trust" / root.name).write_bytes(root.read_bytes())
    authority = tsa.TimestampServer()
    authority.serve(kept)
    try:
        (own.home / "keys" / "press.toml").write_text(f'[timestamp]\nurl = "{authority.url}"\n')
        for log in NAMES:
            assert own(log, "seal").status == 0
        said = own("evidence", "renew", "--json")
        assert said.status == 0, said.err
        assert [(one["log"], one["number"]) for one in said.json] == [(log, 0) for log in NAMES]
    finally:
        authority.stop()
    assert [one["due"] for one in own("evidence", "status", "--json").json] == [False] * len(NAMES)
    assert own("evidence", "renew").lines[0].startswith("audit: nothing to do")
    package = sorted((own.home / "archive").rglob("*.zip"))[0]
    file = tmp_path / "evidence.json"
    assert own("archive", "evidence", package.stem, "--out", str(file)).status == 0
    trust = [word for root in (own.home / "keys/demo/root-cert.pem", *roots) for word in ("--trust", str(root))]
    checked = ("archive", "check-evidence", str(package), str(file))
    said = away(*checked, *trust)
    assert said.status == 0, said.out
    assert said.lines[0].startswith("有效：该归档包至迟于")
    assert said.lines[2:] == [
        "  sm3: valid, 2 timestamps", "  sha256: valid, 1 timestamp", "  signed by 测试日志签名 (一证通办测试机构)"
    ]  # fmt: skip
    alone = away(*checked, *trust, "--without", "sm3", "--json").json
    assert (alone["verdict"], [one["algorithm"] for one in alone["chains"]]) == ("valid", ["sha256"])
    said = away(*checked, *trust, "--at", "2046-01-01")
    assert said.status == 2
    assert said.lines[0] == "无法判断：时间戳链已到期、没有或无法核实"
    assert away(*checked).status == 2, "nobody to trust"
    document = json.loads(file.read_text())
    file.write_text(json.dumps(document | {"number": document["number"] + 1}))
    assert away(*checked, *trust).status == 1
    file.write_text(json.dumps({"type": "inclusion"}))
    assert away(*checked, *trust).lines[0].startswith("refused: HUB-991")
