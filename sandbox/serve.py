"""Brings all departments up, tells where they are, and takes them down again."""

from __future__ import annotations

import json
import secrets
import signal
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import psycopg2

from sandbox import dataset, exchange, files, hr, keyed_gateway, seal_platform, soap, tax, tsa
from sandbox.rows import KEYS

TAKEN, STATE, DATABASE = 3, 4, 5
_TAX_RESOURCES = {"tax.registration": "cf_ss_swdjxx", "tax.clearance": "cf_ss_wqxx"}
_PLATFORM_RESOURCES = {"platform.legal_person": "ca_dj_jbxx", "platform.permit": "ce_xkz_xzxkxx"}
#: A day's secret for the one that was agreed, and a half-hour's for the day's.
_SECRET_LIFETIMES_S = (86_400.0, 1_800.0)
_HEALTH = "health.birth_certificate"
#: Its columns with the mother's and the father's number.
_PARENTS = ("hrb01_01_024", "hrb01_01_029")
#: The section of the sources file that tells of a database, its name, and what lies in it.
_DATABASES = {
    "civil": ("civil_exchange", ("civil.marriage", "civil.social_org")),
    "bureau": ("bureau_approval", ("bureau.accept", "bureau.result")),
    "market_register": ("market_exchange", ("market.entity",)),
    "police": ("police_exchange", ("police.household", "police.birth")),
}


class CannotServe(Exception):
    """Something outside stands in the way; `exit_code` says what kind of thing, the message what to do."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


@dataclass(frozen=True, slots=True)
class Options:
    """What `serve` was asked for; a port of 0 means any free one."""

    state: Path
    seed: int
    size: int
    postgres: str
    ready: Path
    tax_port: int = 0
    hr_port: int = 0
    tsa_port: int = 0
    seal_port: int = 0


class Departments:
    """All servers of one sandbox, on 127.0.0.1 only."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._secrets = _secrets(options.state / "secrets.json")
        self._tax: tax.TaxServer | None = None
        self._hr: hr.HrServer | None = None
        self._tsa: tsa.TimestampServer | None = None
        self._seals: seal_platform.SealServer | None = None
        self._health: soap.SoapServer | None = None
        self._platform: keyed_gateway.GatewayServer | None = None

    def start(self) -> dict[str, object]:
        """Prepare the data where it is not there yet, start everything, and give what a client must know.

        Raises:
            CannotServe: a port is taken, the state folder or a database belongs to something else,
                or PostgreSQL does not answer.
        """
        options = self._options
        # ports first: a taken one should not cost the time to make data
        self._hr, self._tax = self._hr_server(), self._tax_server()
        self._tsa, self._seals = self._tsa_server(), self._seal_server()
        self._health, self._platform = soap.SoapServer(), keyed_gateway.GatewayServer()
        try:
            if not files.present(options.state, options.seed, options.size):
                files.write(dataset.build(options.seed, options.size), options.state)
        except files.StateTaken as problem:
            raise CannotServe(str(problem), STATE) from problem
        urls = self._exchange_databases()
        self._hr.start()
        self._tax.serve(self._tax_office())
        return (
            self._description(self._tax, self._hr, urls)
            | self._health_service(self._health)
            | self._sharing_platform(self._platform)
            | self._signing_services(self._tsa, self._seals)
        )

    def stop(self) -> None:
        """Take down what is up; may be called twice."""
        for server in (self._tax, self._hr, self._tsa, self._seals, self._health, self._platform):
            if server is not None:
                server.stop()
        self._tax = self._hr = self._tsa = self._seals = self._health = self._platform = None

    def _hr_server(self) -> hr.HrServer:
        options = self._options
        key = hr.host_key(options.state / "hr_host_key")
        root = options.state / "out"
        root.mkdir(exist_ok=True)
        try:
            return hr.HrServer(root, key, self._secrets["hr_username"], self._secrets["hr_password"], options.hr_port)
        except OSError as problem:
            raise CannotServe(_taken("HR SFTP", "--hr-port", options.hr_port, problem), TAKEN) from problem

    def _tax_server(self) -> tax.TaxServer:
        port = self._options.tax_port
        try:
            return tax.TaxServer(port)
        except OSError as problem:
            raise CannotServe(_taken("tax gateway", "--tax-port", port, problem), TAKEN) from problem

    def _tsa_server(self) -> tsa.TimestampServer:
        port = self._options.tsa_port
        try:
            return tsa.TimestampServer(port)
        except OSError as problem:
            raise CannotServe(_taken("timestamp authority", "--tsa-port", port, problem), TAKEN) from problem

    def _seal_server(self) -> seal_platform.SealServer:
        port = self._options.seal_port
        try:
            return seal_platform.SealServer(port)
        except OSError as problem:
            raise CannotServe(_taken("seal platform", "--seal-port", port, problem), TAKEN) from problem

    def _signing_services(
        self, tsa_server: tsa.TimestampServer, seal_server: seal_platform.SealServer
    ) -> dict[str, object]:
        """Start both, with keys made at the first start, and tell where they are."""
        state = self._options.state.resolve()
        tsa_keys, seal_keys = tsa.keys(state / "tsa"), seal_platform.keys(state / "seal_platform")
        tsa_server.serve(tsa_keys)
        seal_server.serve(seal_keys)
        return {
            "tsa": {"url": tsa_server.url, "admin_url": tsa_server.admin_url, **tsa_keys.described()},
            "seal_platform": {
                "url": seal_server.base_url, "admin_url": seal_server.admin_url, **seal_keys.described()
            },
        }  # fmt: skip

    def _tax_office(self) -> tax.TaxOffice:
        sids = {path: self._secrets[f"sid_{name.partition('.')[2]}"] for name, path in _TAX_RESOURCES.items()}
        account = tax.Account(self._secrets["rid"], sids, self._secrets["tax_secret"])
        state = self._options.state
        tables = {path: files.read_lines(state / files.TABLES[name]) for name, path in _TAX_RESOURCES.items()}
        return tax.TaxOffice(account, tables)

    def _health_service(self, server: soap.SoapServer) -> dict[str, object]:
        """Start the SOAP service, and tell where it is."""
        rows = list(files.read_lines(self._options.state / files.TABLES[_HEALTH]))
        username, password = self._secrets["health_username"], self._secrets["health_password"]
        server.serve(soap.SoapOffice(rows, KEYS[_HEALTH][0], username, password, numbers=_PARENTS))
        return {
            "health": {
                "wsdl": f"{server.url}?wsdl",
                "address": server.url,
                "admin_url": server.admin_url,
                "username": username,
                "password": password,
            }
        }

    def _sharing_platform(self, server: keyed_gateway.GatewayServer) -> dict[str, object]:
        """Start the gateway with secrets in stages, and tell where it is."""
        kept = self._secrets
        services = {
            path: keyed_gateway.Service(
                list(files.read_lines(self._options.state / files.TABLES[name])),
                KEYS[name][0],
                kept[f"sid_{name.partition('.')[2]}"],
            )
            for name, path in _PLATFORM_RESOURCES.items()
        }
        gateway = keyed_gateway.KeyedGateway(
            rid=kept["platform_rid"],
            secret=kept["platform_secret"],
            lifetimes_s=_SECRET_LIFETIMES_S,
            services=services,
            keeps_old=True,
        )
        server.serve(gateway)
        return {
            "platform": {
                "base_url": server.url,
                "admin_url": server.admin_url,
                "rid": gateway.rid,
                "sid_legal_person": kept["sid_legal_person"],
                "sid_permit": kept["sid_permit"],
                "secret": gateway.secret,
                "refresh": {
                    "path": keyed_gateway.REFRESH,
                    "lifetimes_s": list(_SECRET_LIFETIMES_S),
                    "secret_field": "secret",
                    "lifetime_field": "expires_in",
                },
            }
        }

    def _exchange_databases(self) -> dict[str, dict[str, str]]:
        options = self._options
        mark = files.digest(options.state)
        urls = {}
        for section, (database, resources) in _DATABASES.items():
            tables = [_table(name, options.state / files.TABLES[name]) for name in resources]
            reader = exchange.Login(f"{database}_reader", self._secrets[f"{section}_password"])
            writer = None
            if any(table.marker for table in tables):
                writer = exchange.Login(f"{database}_marker", self._secrets[f"{section}_marker_password"])
            try:
                urls[section] = exchange.publish(options.postgres, database, mark, tables, reader, writer)
            except exchange.DatabaseNotOurs as problem:
                raise CannotServe(str(problem), DATABASE) from problem
            except psycopg2.Error as problem:
                # the driver's own words may repeat the URL with its password; the first line does not
                reason = str(problem).strip().partition("\n")[0]
                raise CannotServe(
                    f"PostgreSQL did not let the sandbox prepare {database}: {reason}. "
                    "The state folder is kept. Check that --postgres names a running server and a role that may create "
                    "databases.",
                    DATABASE,
                ) from problem
        return urls

    def _description(
        self, tax_server: tax.TaxServer, hr_server: hr.HrServer, urls: dict[str, dict[str, str]]
    ) -> dict[str, object]:
        kept = self._secrets
        state = self._options.state.resolve()
        return {
            "tax": {
                "base_url": tax_server.base_url,
                "admin_url": tax_server.admin_url,
                "rid": kept["rid"],
                "sid_registration": kept["sid_registration"],
                "sid_clearance": kept["sid_clearance"],
                "secret": kept["tax_secret"],
            },
            **urls,
            "hr": {
                "host": "127.0.0.1",
                "port": hr_server.port,
                "admin_url": hr_server.admin_url,
                "username": kept["hr_username"],
                "password": kept["hr_password"],
                "host_key": hr_server.public_key,
                "folder": hr.FOLDER,
            },
            "market": {"folder": str((state / files.MARKET_FILE).parent), "file": str(state / files.MARKET_FILE)},
            "housing": {"folder": str(state / files.HOUSING_FOLDER)},
            "expected": str(state / files.EXPECTED),
        }


def _table(resource: str, path: Path) -> exchange.Table:
    if resource not in files.DOCUMENTS:
        return exchange.Table(path.stem, files.read_lines(path))
    content = "bytea" if files.DOCUMENTS[resource] == "xml" else "text"
    types = {"unid": "text PRIMARY KEY", "createtime": "timestamp NOT NULL", "content": content}
    return exchange.Table(path.stem, files.read_lines(path), types, ("createtime", "unid"), "oper_status")


def run(options: Options) -> int:
    """Serve until SIGTERM or SIGINT; the exit code is 0 then, otherwise see the README."""
    began = time.monotonic()
    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    # a file left from last time would name ports that answer no more
    options.ready.unlink(missing_ok=True)
    options.state.mkdir(parents=True, exist_ok=True, mode=0o700)
    departments = Departments(options)
    try:
        description = departments.start()
        files.replace(options.ready, json.dumps(description, indent=2) + "\n", mode=0o600)
        took = time.monotonic() - began
        _say(f"ready in {took:.1f} s: seed {options.seed}, size {options.size}; addresses in {options.ready}")
        stop.wait()
        _say("stopping")
    except CannotServe as problem:
        _say(str(problem))
        return problem.exit_code
    finally:
        options.ready.unlink(missing_ok=True)
        departments.stop()
    return 0


def _say(text: str) -> None:
    print(f"sandbox: {text}", file=sys.stderr, flush=True)


def _taken(what: str, option: str, port: int, problem: OSError) -> str:
    return (
        f"the {what} cannot listen on 127.0.0.1:{port} ({problem.strerror or problem}). Nothing was started. "
        f"Stop what uses the port, or give another with {option} (0 takes any free one)."
    )


def _secrets(path: Path) -> dict[str, str]:
    """The departments' passwords and ids: drawn once, not from the seed, kept at `path` (0600)."""
    if path.exists():
        kept: dict[str, str] = json.loads(path.read_text())
        return kept
    drawn = {
        "rid": f"rid-{secrets.token_hex(8)}",
        "sid_registration": f"sid-{secrets.token_hex(8)}",
        "sid_clearance": f"sid-{secrets.token_hex(8)}",
        "tax_secret": secrets.token_urlsafe(24),
        "hr_username": "approval_bureau",
        "hr_password": secrets.token_urlsafe(18),
        "civil_password": secrets.token_urlsafe(18),
        "bureau_password": secrets.token_urlsafe(18),
        "market_register_password": secrets.token_urlsafe(18),
        "police_password": secrets.token_urlsafe(18),
        "police_marker_password": secrets.token_urlsafe(18),
        "health_username": "approval_bureau",
        "health_password": secrets.token_urlsafe(18),
        "platform_rid": f"rid-{secrets.token_hex(8)}",
        "sid_legal_person": f"sid-{secrets.token_hex(8)}",
        "sid_permit": f"sid-{secrets.token_hex(8)}",
        "platform_secret": secrets.token_urlsafe(24),
    }
    files.replace(path, json.dumps(drawn, indent=2) + "\n", mode=0o600)
    return drawn
