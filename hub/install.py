"""What a new installation needs once, and an old one not at all: tables, keyring, in demo mode keys, seal, accounts."""

from __future__ import annotations

from core.clock import Clock, SystemClock
from core.settings import Mode, Settings
from hub import access_demo
from hub.adopting import adopt
from hub.catalogue import file_older
from hub.context import open_hub
from hub.holdings import enter_older
from hub.press import DEMO, DemoSealRefused
from hub.seals import add_demo
from signing.demo_pki import Bureau
from signing.demo_pki import prepare as prepare_keys
from store.migrate import migrate as run_migrations
from store.vault import make_keyring

#: Made up, and says so; the code passes the check of GB 32100 and belongs to nobody.
DEMO_BUREAU = Bureau(name="武汉市东西湖区行政审批局（测试）", credit_code="11420112MB0000000M", es_id="42011200000001")


def prepare(settings: Settings, clock: Clock | None = None) -> list[str]:
    """Bring an installation to where it can work; what is there already is not touched.

    Returns:
        What was found or made, a line each.

    Raises:
        StoreUnavailable: the database does not answer.
        DemoKeysBroken: the demo keys are incomplete.
    """
    told = [f"database at version {run_migrations(settings.database_url)}"]
    make_keyring(settings.keys)
    told.append(f"data-protection keyring in {settings.keys}")
    with open_hub(settings, clock) as hub:
        older, packages = adopt(hub), enter_older(hub)
        filed, unread = file_older(hub)
    if packages:
        told.append(f"{packages} archive packages of an earlier release entered into the archive's log")
    if filed:
        told.append(f"{filed} archive packages of an earlier release entered into the catalogue")
    if unread:
        told.append(
            f"{unread} archive packages cannot be read and are not in the catalogue; hub archive walk names them"
        )
    if older:
        told.append(f"{older} licences of an earlier release entered into the register")
    if settings.mode is Mode.DEMO:
        told += demo_keys(settings, clock)
        accounts = access_demo.make(settings)
        told.append(f"who may ask for what in {settings.access_file}")
        if accounts is not None:
            told.append(f"demo accounts with their passwords in {accounts}")
        with open_hub(settings, clock) as hub:
            seal = add_demo(hub)
        told.append(f"demo seal {seal.seal.entry.es_id} in the register of seals, {seal.standing}")
    return told


def migrate(settings: Settings) -> str:
    """Run the database migrations; the version reached."""
    return run_migrations(settings.database_url)


def demo_keys(settings: Settings, clock: Clock | None = None) -> list[str]:
    """Make the demo authority, signer and seal where there are none.

    Raises:
        DemoSealRefused: in production mode.
        DemoKeysBroken: there are some, but incomplete.
    """
    if settings.mode is Mode.PRODUCTION:
        raise DemoSealRefused("production mode makes no demo keys; configure the bureau's own seal and signer")
    prepare_keys(settings.keys / DEMO, DEMO_BUREAU, (clock or SystemClock()).now())
    folder = settings.keys / DEMO
    return [
        f"demo root, certificates and seal (测试, SM2) in {folder}",
        f"demo key of the logs' heads (测试, SM2) in {folder / 'log'}",
        f"demo key that other hubs seal archives to (测试, SM2) in {folder / 'encryption'}",
        f"demo root and certificates for PDF (测试, P-256) in {folder / 'pdf'}; hub pki list shows them all",
    ]
