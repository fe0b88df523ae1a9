"""A hub that cannot sign says so before an approval waits for it, and says why; asking does no harm."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from core.clock import FixedClock
from core.settings import SettingMissing, Settings
from hub import readiness
from hub.context import Hub, open_hub
from hub.install import DEMO_BUREAU
from hub.seals import Change, change
from hub.signing_ready import CannotSign, SigningWatch
from onebox.sandbox import write_press
from signing.certificate_making import make_revocation_list
from signing.certificates import Certificate, read_many
from signing.sm2 import PrivateKey
from store.connection import transaction
from tests.departments import Departments
from tests.hub.conftest import NOON
from tests.preparing import prepare

MODULES = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/pkcs11/libsofthsm2.so", "/usr/lib64/libsofthsm2.so")
MODULE = next((one for one in MODULES if Path(one).exists()), None)
YEARS = timedelta(days=365)


@pytest.fixture
def ready(hub: Hub) -> Hub:
    prepare(hub.settings, FixedClock(NOON))
    SigningWatch().check(hub)
    return hub


def at(hub: Hub, after: timedelta) -> Hub:
    return Hub(hub.settings, FixedClock(NOON + after), hub.connection, hub.vault)


def cause(hub: Hub) -> str:
    with pytest.raises(CannotSign, match="HUB-955 this hub cannot sign now; what is approved waits") as said:
        readiness.check(hub, SigningWatch())
    assert said.value.because in said.value.message
    return said.value.because


def press_with(hub: Hub, text: str) -> None:
    (hub.settings.keys / "press.toml").write_text(text, encoding="utf-8")


def let_the_seal_stand_longer(hub: Hub) -> None:
    """So that it is the certificate's end that counts."""
    with transaction(hub.connection) as cursor:
        cursor.execute("alter table seal disable trigger user")
        cursor.execute("update seal set valid_from = valid_from - interval '9 years', valid_to = '2099-01-01'")


def test_a_key_that_is_absent_or_locked_is_told(ready: Hub) -> None:
    folder = ready.settings.keys / "demo"
    passphrase = folder / "passphrase"
    kept = passphrase.read_bytes()
    passphrase.write_bytes(b"another\n")
    assert cause(ready) == "HUB-302"
    passphrase.write_bytes(kept)
    key = folder / "seal" / "signer-key.pem"
    key.rename(key.with_suffix(".away"))
    assert cause(ready) in ("HUB-302", "HUB-313")


def test_a_certificate_that_is_over_or_has_not_begun_is_told(ready: Hub) -> None:
    let_the_seal_stand_longer(ready)
    SigningWatch().check(at(ready, 2 * YEARS))
    assert cause(at(ready, 4 * YEARS)) == "HUB-306"
    assert cause(at(ready, -YEARS)) == "HUB-306"


def test_a_certificate_that_was_revoked_is_told(ready: Hub) -> None:
    folder = ready.settings.keys / "demo"
    key = PrivateKey.load((folder / "intermediate-key.pem").read_bytes(), (folder / "passphrase").read_bytes().strip())
    issuer = read_many((folder / "intermediate-cert.pem").read_bytes())[0]
    signer = Certificate.read(read_many((folder / "seal" / "signer-cert.pem").read_bytes())[0].raw)
    for name, revoked in (("good", {}), ("bad", {signer.serial: NOON - timedelta(days=1)})):
        made = make_revocation_list(
            revoked, key, issuer, number=2, this_update=NOON - timedelta(hours=1), next_update=NOON + YEARS
        )
        (ready.settings.keys / f"{name}.crl").write_bytes(made)
    press_with(ready, '[revocation]\nlists = ["good.crl", "demo/root.crl"]\n')
    SigningWatch().check(ready)
    press_with(ready, '[revocation]\nlists = ["bad.crl", "demo/root.crl"]\n')
    assert cause(ready) == "HUB-306"


def test_a_seal_out_of_its_time_or_suspended_in_the_register_is_told(ready: Hub) -> None:
    assert cause(at(ready, 2.5 * YEARS)) == "HUB-608"
    change(ready, DEMO_BUREAU.es_id, Change.SUSPENDED, who="clerk", reason="token lost")
    assert cause(ready) == "HUB-608"
    change(ready, DEMO_BUREAU.es_id, Change.RESUMED, who="clerk", reason="found")
    SigningWatch().check(ready)


def test_a_timestamp_authority_that_is_down_is_told_where_licences_wait_for_it(
    settings: Settings, departments: Departments
) -> None:
    prepare(settings)  # the authority goes by this machine's clock, so the hub does too
    write_press(settings.keys, departments.ready["tsa"])
    file = settings.keys / "press.toml"
    with open_hub(settings) as hub:
        SigningWatch().check(hub)
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace(departments.ready["tsa"]["url"], "http://127.0.0.1:1/tsa"), encoding="utf-8")
        waiting = cause(hub)
        assert waiting.startswith("HUB-3")
        file.write_text(file.read_text(encoding="utf-8").replace('"wait"', '"mark"'), encoding="utf-8")
        SigningWatch().check(hub)


def test_what_was_found_is_kept_for_some_seconds_whichever_it_was(ready: Hub) -> None:
    now = 0.0
    watch = SigningWatch(10, clock=lambda: now)
    key = ready.settings.keys / "demo" / "seal" / "signer-key.pem"
    watch.check(ready)
    key.rename(key.with_suffix(".away"))
    now = 9.0
    watch.check(ready)
    now = 10.0
    with pytest.raises(CannotSign):
        watch.check(ready)
    key.with_suffix(".away").rename(key)
    now = 19.0
    with pytest.raises(CannotSign):
        watch.check(ready)
    now = 20.0
    watch.check(ready)


def test_a_node_without_keys_says_that_it_does_not_sign(hub: Hub) -> None:
    assert cause(hub)
    node = Hub(replace(hub.settings, signs=False), hub.clock, hub.connection, hub.vault)
    readiness.check(node, SigningWatch())
    environment = {"HUB_DATABASE_URL": "postgresql://x/x"}
    assert Settings.from_environment(environment).signs
    assert not Settings.from_environment(environment | {"HUB_SIGNS": "no"}).signs
    with pytest.raises(SettingMissing, match="HUB_SIGNS"):
        Settings.from_environment(environment | {"HUB_SIGNS": "perhaps"})


_PROBES = """
import sys
from core.settings import Settings
from hub.context import open_hub
from hub.signing_ready import CannotSign, SigningWatch
with open_hub(Settings.from_environment()) as hub:
    watch = SigningWatch(kept_seconds=0)
    for _ in range(6):
        try:
            watch.check(hub)
        except CannotSign as error:
            print(error.because, error.message)
"""


@pytest.mark.skipif(
    MODULE is None or shutil.which("softhsm2-util") is None,
    reason="SoftHSM 2 is not installed (Debian: apt-get install softhsm2)",
)
def test_a_wrong_pin_is_sent_to_the_token_once_however_often_is_asked(ready: Hub, tmp_path: Path) -> None:
    settings = ready.settings
    tokens, configuration = tmp_path / "tokens", tmp_path / "softhsm2.conf"
    tokens.mkdir()
    configuration.write_text(f"directories.tokendir = {tokens}\nlog.level = ERROR\n")
    outside = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    environment = outside | {
        "SOFTHSM2_CONF": str(configuration),
        "HUB_HOME": str(settings.home),
        "HUB_DATABASE_URL": settings.database_url,
        "HUB_KEYS": str(settings.keys),
    }
    words = ["--init-token", "--free", "--label", "bureau", "--so-pin", "13579-so", "--pin", "2468-pin"]
    subprocess.run(["softhsm2-util", *words], env=environment, check=True, capture_output=True)
    (settings.keys / "pin").write_text("0000-wrong\n")
    press_with(
        ready,
        f'[signature]\nkind = "token"\nmodule = "{MODULE}"\ntoken = "bureau"\npin_file = "pin"\nkey_label = "k"\n'
        'algorithm = "ecdsa-sha256"\n',
    )
    done = subprocess.run(
        [sys.executable, "-c", _PROBES], env=environment, capture_output=True, text=True, check=True, timeout=60,
        cwd=Path(__file__).resolve().parents[2],
    )  # fmt: skip
    lines = done.stdout.splitlines()
    assert len(lines) == 6 and all(line.startswith("HUB-302 ") for line in lines)
    assert sum("the token refuses" in line for line in lines) == 1
    assert sum("was refused before" in line for line in lines) == 5
