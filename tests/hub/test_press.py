"""The press file: read strictly, told by the key that is wrong, and production never seals with the demo's."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from core.clock import FixedClock
from core.digest import sm3
from core.settings import Mode, Settings
from documents.licence import Place
from hub import press_file
from hub.install import DEMO_BUREAU
from hub.press import DemoSealRefused, Press
from hub.press_file import (
    KeyOnPlatform,
    KeyOnToken,
    PressMalformed,
    PressUnset,
    SealBeside,
    SealOnPlatform,
    parse,
    press_file_of,
)
from hub.verify import verify_file
from signing.demo_pki import open_keys
from signing.errors import KeyRefused, SealRefused
from tests.hub.conftest import NOON
from tests.preparing import demo_keys
from tests.signing.conftest import minimal_ofd

EXAMPLE = Path(press_file.__file__).with_name("press.example.toml")
FILE_SEAL = """
[seal]
kind = "file"
key_file = "demo/seal/signer-key.pem"
certificate_file = "demo/seal/signer-cert.pem"
passphrase_file = "demo/passphrase"
seal_file = "demo/seal/seal.esl"
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """An installation with demo keys and no database."""
    made = Settings(tmp_path, "", tmp_path / "sources.toml", tmp_path / "keys", Mode.DEMO)
    demo_keys(made, FixedClock(NOON))
    return made


def write(settings: Settings, text: str) -> None:
    (settings.keys / "press.toml").write_text(text, encoding="utf-8")


def test_the_example_is_read_and_explains_every_key_there_is() -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    read = parse(text, EXAMPLE)
    assert isinstance(read.seal, SealBeside)
    for kind, expected in (("token", SealBeside), ("platform", SealOnPlatform)):
        head, _, body = text.partition(f'# kind = "{kind}"\n')
        shown = "".join(
            line.removeprefix("# ") for line in re.split(r"\n\n", body, maxsplit=1)[0].splitlines(keepends=True)
        )
        other = parse(f'[seal]\nkind = "{kind}"\n{shown}', EXAMPLE).seal
        assert isinstance(other, expected)
        assert head
    assert isinstance(other, SealOnPlatform)
    code = Path(press_file.__file__).read_text(encoding="utf-8")
    keys = set(re.findall(r'table\.\w+\("(\w+)"', code)) | set(re.findall(r'top\.part\("(\w+)"', code))
    assert len(keys) > 20
    assert {key for key in keys if f"{key} =" not in text and f"[{key}]" not in text} == set()


def test_paths_are_relative_to_the_file() -> None:
    read = parse(FILE_SEAL, Path("/srv/keys/press.toml"))
    assert isinstance(read.seal, SealBeside)
    assert read.seal.seal_file == Path("/srv/keys/demo/seal/seal.esl")
    assert parse(FILE_SEAL.replace("demo/seal/seal.esl", "/else/s.esl"), Path("/srv/keys/press.toml")).seal == replace(
        read.seal, seal_file=Path("/else/s.esl")
    )


TOKEN = """
[signature]
kind = "token"
module = "/usr/lib/softhsm/libsofthsm2.so"
token = "bureau"
pin_file = "pin"
key_label = "signer"
certificate_file = "signer.pem"
"""


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[seal", "is not TOML"),
        ("a = \n", r"is not TOML \(.*line 1"),
        ("[seals]\n", r"\[seals\] is none, expected is one of log, pdf, .*seal"),
        ("seal = 1\n", r"\[seal\] must be a table"),
        ("[seal]\n", r"\[seal\] kind is missing"),
        ('[seal]\nkind = "smartcard"\n', r'\[seal\] kind must be "file" or "token" or "platform"'),
        (FILE_SEAL.replace("seal_file", "sealfile"), r"\[seal\] seal_file is missing"),
        (FILE_SEAL + 'pin = "1234"\n', r"\[seal\] pin is none"),
        (FILE_SEAL.replace('"demo/passphrase"', '""'), r"\[seal\] passphrase_file must be text"),
        (FILE_SEAL.replace('"demo/passphrase"', r'"a\u0000b"'), r"\[seal\] passphrase_file must be text"),
        (FILE_SEAL.replace('"demo/passphrase"', "7"), r"\[seal\] passphrase_file must be text"),
        (
            '[seal]\nkind = "platform"\nurl = "http://x"\nca_file = "a"\nkey_id = "b"\nsecret_file = "c"\n'
            'seal_id = "d"\n',
            r"\[seal\] url must be an address that begins with https://",
        ),
        ('[timestamp]\nurl = "ftp://x"\n', r"\[timestamp\] url must be .* http:// or https://"),
        ('[timestamp]\nurl = "http://x"\nwhen_down = "go on"\n', r'when_down must be "wait" or "mark"'),
        ('[timestamp]\nurl = "http://x"\ntimeout_seconds = "5"\n', "timeout_seconds must be a number"),
        ('[timestamp]\nurl = "http://x"\ntimeout_seconds = true\n', "timeout_seconds must be a number"),
        ('[timestamp]\nurl = "http://x"\ntimeout_seconds = nan\n', "timeout_seconds must be a number"),
        ('[pdf]\nkind = "platform"\n', r'\[pdf\] kind must be "file" or "token"'),
        ('[revocation]\nfetch = "yes"\n', r"\[revocation\] fetch must be true or false"),
        ('[revocation]\nlists = "ca.crl"\n', r"\[revocation\] lists must be a list"),
        ("[revocation]\nlists = [1]\n", r"\[revocation\] lists must be a list"),
        ('[revocation]\nnetworks = ["10.20.0.1/16"]\n', r"\[revocation\] networks must be a list"),
        (TOKEN + 'mechanism = "0x80000121"\n', r"\[signature\] mechanism must be a number"),
        (TOKEN + 'algorithm = "sm2"\n', r'algorithm must be "sm2-sm3" or'),
        (TOKEN.replace("certificate_file", "#"), r"\[signature\] algorithm is missing"),
        (TOKEN.replace("pin_file", 'pin = "12345678"\nPIN'), r"\[signature\] pin_file is missing"),
    ],
)
def test_what_is_wrong_is_told_by_its_key_and_shows_no_value(text: str, told: str) -> None:
    with pytest.raises(PressMalformed, match=told) as refusal:
        parse(text, Path("/srv/keys/press.toml"))
    assert "/srv/keys/press.toml" in refusal.value.message
    assert "12345678" not in refusal.value.message


def test_a_token_may_leave_its_algorithm_to_the_certificate() -> None:
    read = parse(TOKEN + "mechanism = 0x80000121\n", Path("/k/press.toml")).signature
    assert isinstance(read, KeyOnToken)
    assert (read.algorithm, read.mechanism, read.pin_file) == ("", 0x80000121, Path("/k/pin"))


def test_a_key_for_detached_signatures_may_lie_on_a_platform() -> None:
    place = 'url = "https://p"\nca_file = "ca.pem"\nkey_id = "hub"\nsecret_file = "secret"\n'
    text = f'[signature]\nkind = "platform"\n{place}key_name = "bureau"\ncertificate_file = "c.pem"\n'
    read = parse(text, Path("/k/press.toml")).signature
    assert isinstance(read, KeyOnPlatform)
    assert (read.key_name, read.platform.secret_file) == ("bureau", Path("/k/secret"))
    with pytest.raises(PressMalformed, match="key_name must be letters"):
        parse(text.replace('"bureau"', '"../keys"'), Path("/k/press.toml"))
    for url in ("https://user:geheim@p", "https://", "https://[p"):
        with pytest.raises(PressMalformed, match="url must be") as refusal:
            parse(text.replace("https://p", url), Path("/k/press.toml"))
        assert "geheim" not in refusal.value.message


def test_a_file_that_is_named_must_be_there(settings: Settings, tmp_path: Path) -> None:
    assert press_file_of(settings).seal is None
    with pytest.raises(PressMalformed, match="HUB_PRESS"):
        press_file_of(replace(settings, press=tmp_path / "absent.toml"))
    (tmp_path / "other.toml").write_bytes(b"\xff")
    with pytest.raises(PressMalformed, match="not UTF-8"):
        press_file_of(replace(settings, press=tmp_path / "other.toml"))


def test_without_a_file_the_demo_seals_with_its_own_keys(settings: Settings) -> None:
    press = Press.open(settings)
    assert press.is_test
    assert press.bureau.seal_id == DEMO_BUREAU.es_id
    assert press.seal_sm3 == sm3(open_keys(settings.keys / "demo").seal.raw)


def test_without_a_file_production_seals_nothing(settings: Settings) -> None:
    with pytest.raises(PressUnset, match=r"press\.toml"):
        Press.open(replace(settings, mode=Mode.PRODUCTION))


def test_production_refuses_the_demo_seal_also_when_it_is_configured(settings: Settings) -> None:
    write(settings, FILE_SEAL)
    assert Press.open(settings).is_test
    with pytest.raises(DemoSealRefused, match="demo seal"):
        Press.open(replace(settings, mode=Mode.PRODUCTION))


@pytest.mark.parametrize(
    ("file", "error"),
    [("seal.esl", SealRefused), ("signer-key.pem", KeyRefused), ("signer-cert.pem", KeyRefused)],
)
def test_a_file_of_the_seal_that_is_gone_is_named(settings: Settings, file: str, error: type[Exception]) -> None:
    write(settings, FILE_SEAL)
    (settings.keys / "demo" / "seal" / file).unlink()
    with pytest.raises(error, match=file):
        Press.open(settings)


def test_the_certificate_of_a_timestamp_authority_that_is_gone_is_named(settings: Settings) -> None:
    write(settings, '[timestamp]\nurl = "http://127.0.0.1:1/"\ncertificate_file = "tsa.pem"\n')
    with pytest.raises(KeyRefused, match=r"tsa\.pem"):
        Press.open(settings)


def test_another_trust_folder_counts_in_place_of_the_usual_one(settings: Settings, tmp_path: Path) -> None:
    sealed = Press.open(settings).seal(minimal_ofd(), [Place(0, 20, 20, 42, 42)], NOON)
    root = settings.keys / "demo" / "root-cert.pem"
    trust = tmp_path / "elsewhere"
    trust.mkdir()
    production = replace(settings, mode=Mode.PRODUCTION)
    write(settings, f'[trust]\nfolder = "{trust}"\n')
    moment = NOON + timedelta(minutes=1)
    assert verify_file(sealed, production, at=moment).verdict.value == "cannot_tell"
    (trust / "root.pem").write_bytes(root.read_bytes())
    assert verify_file(sealed, production, at=moment).verdict.value == "valid"
