"""Ports: the same as last time where possible, never a taken one."""

from __future__ import annotations

import socket
from pathlib import Path

from onebox import ports
from onebox.ports import PortBook


def test_a_component_gets_the_port_it_had_last_time(tmp_path: Path) -> None:
    file = tmp_path / "ports.json"
    first = PortBook(file).take("web", ports.pick())
    assert PortBook(file).take("web", 1) == first


def test_a_taken_port_is_replaced(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        assert not ports.is_free(taken)
        assert PortBook(tmp_path / "ports.json").take("web", taken) != taken


def test_two_components_never_get_the_same_port(tmp_path: Path) -> None:
    book = PortBook(tmp_path / "ports.json")
    free = ports.pick()
    assert book.take("web", free) != book.take("airflow", free)


def test_a_port_just_given_back_is_free_at_once() -> None:
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            server.accept()[0].close()  # the server's side closes first and stays in TIME_WAIT
    assert ports.is_free(port)


def test_a_damaged_port_book_is_written_anew(tmp_path: Path) -> None:
    file = tmp_path / "ports.json"
    for damage in ("", "[1]", '{"web": "x"}', "\x00"):
        file.write_text(damage, encoding="utf-8")
        assert PortBook(file).take("web", ports.pick()) > 0
