"""`make clean`: end what an earlier run left behind and delete what it wrote."""

from __future__ import annotations

import shutil

from rich.console import Console

from onebox.layout import Layout
from onebox.lock import WorldLock
from onebox.postgres import Cluster
from onebox.process import end_marked


def clean(layout: Layout, console: Console) -> None:
    """Delete the folder `var`, and PostgreSQL's data where it lies elsewhere.

    Raises:
        WorldBusy: a demo or serve is running there; nothing was deleted.
    """
    if not layout.var.exists():
        console.print(f"Nothing to clean: {layout.var} does not exist.", highlight=False)
        return
    with WorldLock(layout.lock):
        end_marked(layout.var)
        if layout.postgres.exists():
            Cluster(layout.postgres, secrets_folder=layout.secrets).destroy()
        shutil.rmtree(layout.var)
    console.print(f"Deleted {layout.var}.", highlight=False)
