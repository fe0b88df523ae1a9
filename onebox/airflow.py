"""Airflow as four child processes: its settings, its tables, its start and its end.

Started one by one rather than by `airflow standalone`, which leaves orphans behind and opens log
servers on all interfaces.
"""

from __future__ import annotations

import base64
import contextlib
import importlib.metadata
import json
import secrets
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import psycopg2

from onebox import ports
from onebox.errors import ComponentFailed
from onebox.files import write_secret
from onebox.layout import Layout
from onebox.postgres import Cluster
from onebox.preload import LOCAL_SETTINGS
from onebox.process import Child

ADMIN = "admin"
DATABASE = "airflow"
_MIGRATE_SECONDS = 180.0
#: One stop in four of scheduler or triggerer takes 5 to 15 s; whatever they do can be done again.
_GRACE_SECONDS = 3.0
_GRACE_IDLE_SECONDS = 1.0


class Airflow:
    """The scheduler's four components over the database `airflow` of `cluster`."""

    def __init__(self, layout: Layout, cluster: Cluster, *, port: int, environment: Mapping[str, str]) -> None:
        self._layout = layout
        self._cluster = cluster
        self.port = port
        self._env = dict(environment) | self._settings()
        api_server = self._component("api-server", "--host", ports.HOST, "--port", str(port))
        # Without their log servers, which listen on all interfaces. Batch work steps back for the API
        # server, whose start is the longest (7 s of processor time against 4), and for the counter.
        self._scheduler = self._component("scheduler", "--skip-serve-logs", nice=5)
        self._triggerer = self._component("triggerer", "--skip-serve-logs", nice=5)
        self._processor = self._component("dag-processor", nice=5)
        self._api_server = api_server
        self._migration: Child | None = None

    @property
    def url(self) -> str:
        return f"http://{ports.HOST}:{self.port}"

    def admin_password(self) -> str:
        """The password of the user `admin`; made on first use, kept in `secrets/airflow-passwords.json`."""
        with contextlib.suppress(OSError, ValueError, KeyError):
            return str(json.loads(self._layout.airflow_passwords.read_text(encoding="utf-8"))[ADMIN])
        password = secrets.token_urlsafe(12)
        write_secret(self._layout.airflow_passwords, json.dumps({ADMIN: password}) + "\n")
        return password

    # --- tables ---

    def begin_migration(self) -> bool:
        """Start `airflow db migrate` in the background; False when the tables are current and nothing is to do."""
        if self._stamp_file.exists() and self._stamp_file.read_text(encoding="utf-8") == self._stamp():
            return False
        self._migration = self._component("db migrate", "db", "migrate")
        self._migration.start()
        return True

    def finish_migration(self) -> None:
        """Wait until the tables are current. A first migration that was cut off is done again from nothing.

        Raises:
            ComponentFailed: `airflow db migrate` failed.
        """
        if self._migration is None:
            return
        code = self._migration.wait(seconds=_MIGRATE_SECONDS)
        if code != 0 and not self._stamp_file.exists():
            # never finished before: what is there is half of a first migration and holds nothing
            self._cluster.drop_database(DATABASE)
            self._cluster.ensure_database(DATABASE, owner=DATABASE)
            self._migration.start()
            code = self._migration.wait(seconds=_MIGRATE_SECONDS)
        if code != 0:
            raise ComponentFailed(self._migration.obituary())
        self._stamp_file.write_text(self._stamp(), encoding="utf-8")
        self._migration = None

    @property
    def _stamp_file(self) -> Path:
        return self._layout.airflow / "migrated"

    def _stamp(self) -> str:
        """Names the version and the very database a finished migration belongs to."""
        connection = psycopg2.connect(self._cluster.url(DATABASE, role=DATABASE))
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT system_identifier FROM pg_control_system()")
                row = cursor.fetchone()
                cursor.execute("SELECT to_regclass('alembic_version') IS NOT NULL")
                found = cursor.fetchone()
                head = None
                if found and found[0]:
                    cursor.execute("SELECT version_num FROM alembic_version")
                    head = cursor.fetchone()
        finally:
            connection.close()
        version = importlib.metadata.version("apache-airflow-core")
        return f"{version} {row[0] if row else ''} {head[0] if head else 'empty'}\n"

    # --- life ---

    def start_services(self) -> None:
        """Start the API server and the DAG processor; they come up while the caller goes on."""
        self.admin_password()
        self._api_server.start()
        self._processor.start()

    def start_scheduler(self, *, preloaded: bool = False) -> None:
        """Start the scheduler: from now on runs may begin. `preloaded` has tasks find their modules imported."""
        local_settings = self._layout.airflow / "config" / "airflow_local_settings.py"
        local_settings.unlink(missing_ok=True)
        if preloaded:
            local_settings.parent.mkdir(exist_ok=True)
            local_settings.write_text(LOCAL_SETTINGS, encoding="utf-8")
        self._scheduler.start()

    def start_triggerer(self) -> None:
        """Start the triggerer, which watches for arrivals; nothing else of ours needs it, so nobody waits for it."""
        self._triggerer.start()

    def ensure_running(self) -> None:
        """Raise ComponentFailed, with the end of its log, when a component has ended."""
        for child in (self._api_server, self._processor, self._scheduler, self._triggerer):
            child.ensure_running()

    def stop(self) -> None:
        """End the components; the API server last, because a task still running talks to it."""
        first = [self._processor, self._triggerer, self._scheduler]
        if self._migration is not None:
            first.append(self._migration)
        for child in first:
            child.ask_to_stop()
        began = time.monotonic()
        for child in first:
            grace = _GRACE_SECONDS if child is self._scheduler else _GRACE_IDLE_SECONDS
            child.stop(grace=max(0.1, began + grace - time.monotonic()))
        self._api_server.stop(grace=_GRACE_IDLE_SECONDS)

    # --- settings ---

    def _component(self, name: str, *arguments: str, nice: int = 0) -> Child:
        program = Path(sys.executable).with_name("airflow")
        argv = [str(program), *(arguments if name == "db migrate" else (name, *arguments))]
        log = self._layout.log / f"airflow-{name.replace(' ', '-')}.log"
        return Child(name=f"Airflow's {name}", argv=argv, env=self._env, log=log, cwd=self._layout.airflow, nice=nice)

    def _settings(self) -> dict[str, str]:
        url = f"http://{ports.HOST}:{self.port}"
        settings = {
            "CORE__DAGS_FOLDER": str(self._layout.dags),
            "CORE__EXECUTOR": "LocalExecutor",
            "CORE__PARALLELISM": "4",
            "CORE__LOAD_EXAMPLES": "False",
            "CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
            "CORE__FERNET_KEY": self._secret("fernet-key"),
            # tasks talk to the API server, so a port of our own must be told
            "CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
            "CORE__SIMPLE_AUTH_MANAGER_USERS": f"{ADMIN}:admin",
            "CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(self._layout.airflow_passwords),
            "DATABASE__SQL_ALCHEMY_CONN": self._cluster.url(DATABASE, role=DATABASE, driver="postgresql+psycopg2"),
            "API__HOST": ports.HOST,
            "API__PORT": str(self.port),
            "API__BASE_URL": url,
            "API__WORKERS": "1",
            "API__SECRET_KEY": self._secret("api-secret"),
            "API_AUTH__JWT_SECRET": self._secret("jwt-secret"),
            "LOGGING__BASE_LOG_FOLDER": str(self._layout.log / "airflow"),
            "DAG_PROCESSOR__PARSING_PROCESSES": "1",
            "DAG_PROCESSOR__REFRESH_INTERVAL": "10",
            "SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.2",
            # with the default of 5 s a finished task holds its slot for up to 5 s
            "WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
            "USAGE_DATA_COLLECTION__ENABLED": "False",
        }
        named = {f"AIRFLOW__{key}": value for key, value in settings.items()}
        return named | {"AIRFLOW_HOME": str(self._layout.airflow)}

    def _secret(self, name: str) -> str:
        file = self._layout.secrets / f"airflow-{name}"
        with contextlib.suppress(FileNotFoundError):
            return file.read_text(encoding="ascii").strip()
        value = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode("ascii")
        write_secret(file, value + "\n")
        return value
