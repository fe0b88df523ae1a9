"""Where the world keeps its things: everything below one folder, `var` of the checkout."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

#: The checkout this file belongs to.
REPOSITORY = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Layout:
    """Paths of one world.

    Attributes:
        var: the folder everything is written to.
        dags: the folder Airflow reads DAGs from.
    """

    var: Path
    dags: Path

    @classmethod
    def of_checkout(cls, var: Path | None = None, dags: Path | None = None) -> Layout:
        """The usual layout; `var` and `dags` stand in for the checkout's own folders of these names."""
        return cls(var=(var or REPOSITORY / "var").absolute(), dags=(dags or REPOSITORY / "dags").absolute())

    @property
    def lock(self) -> Path:
        return self.var / "run" / "world.lock"

    @property
    def ports(self) -> Path:
        return self.var / "run" / "ports.json"

    @property
    def log(self) -> Path:
        return self.var / "log"

    @property
    def secrets(self) -> Path:
        return self.var / "secrets"

    @property
    def hub_database_url(self) -> Path:
        return self.secrets / "hub-database-url"

    @property
    def airflow_passwords(self) -> Path:
        return self.secrets / "airflow-passwords.json"

    @property
    def demo_accounts(self) -> Path:
        return self.secrets / "demo-accounts.txt"

    @property
    def keys(self) -> Path:
        return self.var / "keys"

    @property
    def sources(self) -> Path:
        return self.var / "sources.toml"

    @property
    def postgres(self) -> Path:
        return self.var / "postgres"

    @property
    def sandbox(self) -> Path:
        return self.var / "sandbox"

    @property
    def airflow(self) -> Path:
        return self.var / "airflow"

    def make(self) -> None:
        """Make the folders that must be there before anything starts; those with secrets are 0700."""
        for folder in (self.lock.parent, self.log, self.airflow, self.sandbox):
            folder.mkdir(parents=True, exist_ok=True)
        for folder in (self.secrets, self.keys):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.chmod(0o700)
