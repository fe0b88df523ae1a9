"""The few questions and orders we have for Airflow's REST API (version 2)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import requests

from onebox.errors import AirflowRefused

ACTIVE = frozenset({"queued", "running"})
_PAGE = 100


@dataclass(frozen=True, slots=True)
class Dag:
    """One DAG as the scheduler knows it; `parsed` is when its file was last read."""

    dag_id: str
    title: str
    file: str
    tags: frozenset[str]
    parsed: datetime | None


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a DAG."""

    dag_id: str
    run_id: str
    state: str
    started: datetime | None
    ended: datetime | None

    @property
    def active(self) -> bool:
        return self.state in ACTIVE


@dataclass(frozen=True, slots=True)
class TaskRun:
    """One task (or one mapped part of it) of a run; `state` is None until the scheduler has looked at it."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    state: str | None
    try_number: int

    @property
    def done(self) -> bool:
        return self.state in {"success", "failed", "skipped", "upstream_failed", "removed"}


class AirflowApi:
    """A logged-in client; addresses are local, so answers are expected within seconds.

    Raises, in every method:
        AirflowRefused: the API answered with a refusal, or not at all.
    """

    def __init__(self, url: str, user: str, password: str) -> None:
        self._url = url
        self._user = user
        self._password = password
        self._session = requests.Session()
        self._session.trust_env = False  # no proxy between us and our own machine

    @property
    def url(self) -> str:
        """Where a person finds Airflow's pages."""
        return self._url

    # --- health ---

    def unhealthy(self) -> list[str] | None:
        """The parts that are not healthy yet; None while the API server itself does not answer."""
        try:
            answer = self._session.get(f"{self._url}/api/v2/monitor/health", timeout=5)
            parts = answer.json()
        except (requests.RequestException, ValueError):
            return None
        return sorted(name for name, part in parts.items() if (part or {}).get("status") != "healthy")

    def warm_up(self) -> None:
        """Ask the side that tasks talk to once: its first answer costs seconds, which the first tasks would wait."""
        with contextlib.suppress(requests.RequestException), requests.Session() as session:
            session.trust_env = False
            session.get(f"{self._url}/execution/health", timeout=30)

    # --- DAGs ---

    def dags(self, *, tag: str | None = None) -> list[Dag]:
        """All DAGs, or those with a tag, by id."""
        params: dict[str, Any] = {"order_by": "dag_id"}
        if tag is not None:
            params["tags"] = tag
        return [
            Dag(
                dag_id=row["dag_id"],
                title=row["dag_display_name"],
                file=row["fileloc"],
                tags=frozenset(t["name"] for t in row["tags"]),
                parsed=_moment(row["last_parsed_time"]),
            )
            for row in self._pages("/dags", "dags", params)
        ]

    def unpause(self, dag_id: str) -> None:
        """Let the scheduler run the DAG; somebody may have paused it in the pages."""
        self._call("PATCH", f"/dags/{quote(dag_id)}", body={"is_paused": False})

    def import_errors(self) -> dict[str, str]:
        """File → traceback of the DAG files that cannot be read."""
        return {row["filename"]: row["stack_trace"] for row in self._pages("/importErrors", "import_errors")}

    def pools_asked_for(self, dag_id: str) -> set[str]:
        """The pools the tasks of a DAG run in."""
        answer = self._call("GET", f"/dags/{quote(dag_id)}/tasks")
        return {str(task["pool"]) for task in answer["tasks"] if task.get("pool")}

    def pools(self) -> dict[str, int]:
        """Pool → slots."""
        return {row["name"]: int(row["slots"]) for row in self._pages("/pools", "pools")}

    def make_pool(self, name: str, slots: int, description: str) -> None:
        """Add a pool; a task in a pool that does not exist would wait for ever."""
        body = {"name": name, "slots": slots, "description": description, "include_deferred": True}
        self._call("POST", "/pools", body=body)

    # --- runs ---

    def trigger(self, dag_id: str, run_id: str) -> Run:
        """Start a run under an id of our own."""
        body = {"dag_run_id": run_id, "logical_date": None}
        return _run(self._call("POST", f"/dags/{quote(dag_id)}/dagRuns", body=body))

    def run(self, dag_id: str, run_id: str) -> Run:
        return _run(self._call("GET", f"/dags/{quote(dag_id)}/dagRuns/{quote(run_id, safe='')}"))

    def runs(
        self, dag_id: str = "~", *, states: Iterable[str] = (), since: datetime | None = None, newest: int = _PAGE
    ) -> list[Run]:
        """The newest runs of a DAG (`~`: of any), newest first."""
        params: dict[str, Any] = {"order_by": "-run_after", "limit": newest, "state": list(states)}
        if since is not None:
            params["run_after_gte"] = since.astimezone(UTC).isoformat()
        answer = self._call("GET", f"/dags/{quote(dag_id, safe='~')}/dagRuns", params=params)
        return [_run(row) for row in answer["dag_runs"]]

    def give_up(self, run: Run) -> None:
        """Mark a run, and what of it is unfinished, as failed."""
        path = f"/dags/{quote(run.dag_id)}/dagRuns/{quote(run.run_id, safe='')}"
        self._call("PATCH", path, body={"state": "failed", "note": "cut off when the one-box world stopped"})

    def tasks(self, runs: Sequence[Run]) -> list[TaskRun]:
        """The tasks of some runs, in one question."""
        if not runs:
            return []
        body = {
            "dag_ids": sorted({run.dag_id for run in runs}),
            "dag_run_ids": sorted({run.run_id for run in runs}),
            "page_limit": 1000,
        }
        answer = self._call("POST", "/dags/~/dagRuns/~/taskInstances/list", body=body)
        return [
            TaskRun(
                dag_id=row["dag_id"],
                run_id=row["dag_run_id"],
                task_id=row["task_id"],
                map_index=row["map_index"],
                state=row["state"],
                try_number=row["try_number"],
            )
            for row in answer["task_instances"]
        ]

    def log_tail(self, task: TaskRun, lines: int = 15) -> list[str]:
        """The last lines of a task's log, complaints only where it has any; empty when there is no log."""
        path = (
            f"/dags/{quote(task.dag_id)}/dagRuns/{quote(task.run_id, safe='')}"
            f"/taskInstances/{quote(task.task_id)}/logs/{max(1, task.try_number)}"
        )
        params = {"map_index": task.map_index, "full_content": "true"}
        with contextlib.suppress(AirflowRefused):
            content = self._call("GET", path, params=params).get("content", [])
            everything = [line for entry in content for line in _log_lines(entry)]
            complaints = [line for entry in content if _complains(entry) for line in _log_lines(entry)]
            return (complaints or everything)[-lines:]
        return []

    # --- inside ---

    def _pages(self, path: str, field: str, params: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        while True:
            answer = self._call("GET", path, params=(params or {}) | {"limit": _PAGE, "offset": len(rows)})
            rows += answer[field]
            if not answer[field] or len(rows) >= answer["total_entries"]:
                return rows

    def _call(
        self, method: str, path: str, *, params: dict[str, Any] | None = None, body: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        for attempt in (1, 2):
            if "Authorization" not in self._session.headers:
                self._log_in()
            answer = self._send(method, f"{self._url}/api/v2{path}", params=params, body=body)
            if answer.status_code == 401 and attempt == 1:
                del self._session.headers["Authorization"]  # the token has expired
                continue
            break
        if not answer.ok:
            raise AirflowRefused(
                f"Airflow answered {answer.status_code} to {method} {path}: {answer.text[:500]}. "
                "Its log is airflow-api-server.log in the folder var/log."
            )
        result: dict[str, Any] = answer.json() if answer.content else {}
        return result

    def _log_in(self) -> None:
        credentials = {"username": self._user, "password": self._password}
        answer = self._send("POST", f"{self._url}/auth/token", params=None, body=credentials)
        if not answer.ok:
            raise AirflowRefused(
                f"Airflow refused the login of the user {self._user} ({answer.status_code}). "
                "Remove var/secrets/airflow-passwords.json and start again; a new password is made."
            )
        self._session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def _send(
        self, method: str, url: str, *, params: dict[str, Any] | None, body: dict[str, Any] | None
    ) -> requests.Response:
        try:
            return self._session.request(method, url, params=params, json=body, timeout=30)
        except requests.RequestException as error:
            raise AirflowRefused(
                f"Airflow's API server does not answer ({type(error).__name__}). "
                "Its log is airflow-api-server.log in the folder var/log."
            ) from None


def _run(row: dict[str, Any]) -> Run:
    return Run(
        dag_id=row["dag_id"],
        run_id=row["dag_run_id"],
        state=row["state"],
        started=_moment(row["start_date"]),
        ended=_moment(row["end_date"]),
    )


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _log_lines(entry: Any) -> list[str]:
    if not isinstance(entry, dict):
        return str(entry).splitlines()
    event = str(entry.get("event", "")).rstrip()
    if not event or event.startswith("::"):
        return []
    said = event.splitlines()
    for cause in entry.get("error_detail") or []:
        said.append(f"{cause.get('exc_type', 'Error')}: {cause.get('exc_value', '')}")
        if frames := cause.get("frames"):
            said.append(f"  at {frames[-1].get('filename')}, line {frames[-1].get('lineno')}")
    return said


def _complains(entry: Any) -> bool:
    return isinstance(entry, dict) and str(entry.get("level", "")).lower() in {"warning", "error", "critical"}
