"""Where the departments' systems are and how we prove who we are: the sources file (`HUB_SOURCES`).

One TOML table per department; any secret may be given as `<key>_file`, a path relative to the
sources file. `connectors/endpoints.example.toml` shows every key.
"""

from __future__ import annotations

import logging
import re
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator

from core.errors import Permanent

log = logging.getLogger(__name__)

Text = Annotated[str, Field(min_length=1)]
#: A public key as servers show it, such as `ssh-ed25519 AAAA…`.
HostKey = Annotated[str, Field(pattern=r"^[a-z0-9@.-]+ [A-Za-z0-9+/=]+( .*)?$")]


def _encrypted(url: str) -> str:
    if url.startswith("http://") and urlsplit(url).hostname not in ("127.0.0.1", "localhost"):
        raise ValueError("the url of another hub begins with https://")
    return url


#: Of another hub, without a path.
HubUrl = Annotated[str, Field(pattern=r"^https?://[^\s?#/]+$"), AfterValidator(_encrypted)]


class SourceNotConfigured(Permanent):
    """The sources file says nothing (or too little) about a department."""

    code: ClassVar[str] = "HUB-107"


class SourcesFileRefused(Permanent):
    """The sources file or a secret beside it is unreadable, not TOML, or open to every user of the machine."""

    code: ClassVar[str] = "HUB-108"


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class SecretRefresh(_Section):
    """`[tax.refresh]`: the gateway's own call that gives a short-lived secret for the one we hold.

    What is known of it is that it is a POST, that the secret comes AES-encrypted and that there are two
    stages (a day, then half an hour). Everything else is a setting, because no department has confirmed it.
    """

    path: Text = "/sysapi/auth/refreshappsecret"
    #: One a stage, in the order of the stages; seconds.
    lifetimes_s: Annotated[tuple[Annotated[float, Field(gt=0)], ...], Field(min_length=1, max_length=3)] = (86400, 1800)
    #: A secret is changed this long before it ends; seconds.
    margin_s: Annotated[float, Field(ge=0)] = 120
    secret_field: Text = "secret"  # noqa: S105 - the name of a field
    #: Where the answer says how long the secret lives, in seconds; the declared lifetime holds without it.
    lifetime_field: Text | None = None
    cipher: Literal["aes-ecb", "aes-cbc", "none"] = "aes-ecb"
    #: How the AES key is made of the secret we hold: its first 16 bytes, or its MD5.
    key_form: Literal["first16", "md5"] = "first16"


class GatewayEndpoint(_Section):
    """`[tax]`: the signed gateway. Besides the fields below one `sid_<name>` per resource.

    `rid` is the requester's id, which x-tif gateways call paasid, and `secret` their token.
    """

    model_config = ConfigDict(frozen=True, extra="allow", hide_input_in_errors=True)

    base_url: Annotated[str, Field(pattern=r"^https?://[^\s?#]+$")]
    rid: Text
    secret: SecretStr
    ca_file: Path | None = None
    path_prefix: Annotated[str, Field(pattern=r"^(/[^\s?#]*)?$")] = "/gateway"
    refresh: SecretRefresh | None = None
    #: Of the x-tif signature; clients in the wild are of both kinds.
    signature_case: Literal["upper", "lower"] = "upper"

    @model_validator(mode="after")
    def _extras_are_service_ids(self) -> GatewayEndpoint:
        for key, value in (self.model_extra or {}).items():
            if not re.fullmatch(r"sid_[a-z0-9_]+", key):
                raise ValueError(f"unknown key `{key}`; known are {', '.join(type(self).model_fields)} and sid_*")
            if not isinstance(value, str) or not value:
                raise ValueError(f"`{key}` must be a text")
        return self

    def sid(self, key: str) -> str | None:
        """The service id under `key`, None when the section has none."""
        value = (self.model_extra or {}).get(key)
        return value if isinstance(value, str) else None


class DatabaseEndpoint(_Section):
    """`[civil]`, `[bureau]`: a front-end exchange database as a URL with the password inside.

    `postgresql://`, `mysql+pymysql://`, `mariadb+pymysql://` or `oracle+oracledb://`. `write_dsn` is the login
    that may set consumed markers and fill error tables; without it nothing is ever written there.
    """

    dsn: SecretStr
    write_dsn: SecretStr | None = None


class SoapEndpoint(_Section):
    """`[civil_soap]`: a SOAP service. Requests go to `address` alone, whatever address the WSDL names."""

    wsdl: Text
    address: Annotated[str, Field(pattern=r"^https?://[^\s?#]+(\?[^\s#]*)?$")]
    username: Text | None = None
    password: SecretStr | None = None
    ca_file: Path | None = None


class SftpEndpoint(_Section):
    """`[hr]`: an SFTP server. `host_key` is pinned; `password` or `key_file` proves who we are."""

    host: Text
    port: Annotated[int, Field(ge=1, le=65535)] = 22
    username: Text
    password: SecretStr | None = None
    key_file: Path | None = None
    host_key: HostKey
    folder: Text

    @model_validator(mode="after")
    def _one_proof(self) -> SftpEndpoint:
        if (self.password is None) == (self.key_file is None):
            raise ValueError("give either password (or password_file) or key_file")
        return self


class HubEndpoint(_Section):
    """Another hub that takes archives over HTTPS.

    `key_id` is what it calls us in its access file, `key_file` our Ed25519 private key (PEM), whose public half it has.
    """

    url: HubUrl
    key_id: Text
    key_file: Path
    ca_file: Path | None = None
    timeout_s: Annotated[float, Field(gt=0)] = 30


class FolderEndpoint(_Section):
    """`[market]`: the folder into which files are renamed once they are complete, e.g. of a mounted share."""

    folder: Path


SectionT = TypeVar("SectionT", bound=_Section)

#: Keys that are paths themselves and so have no `_file` twin.
_PATHS = ("key_file", "ca_file", "folder")


class Endpoints:
    """The sources file, read once; a section is judged only when asked for, so one bad one blocks no other."""

    def __init__(self, sections: Mapping[str, Any], *, origin: str, folder: Path) -> None:
        self._sections = sections
        self._origin = origin
        self._folder = folder

    def __repr__(self) -> str:
        return f"Endpoints({self._origin}: {', '.join(sorted(self._sections))})"

    @classmethod
    def load(cls, path: Path) -> Endpoints:
        """Read the sources file. A missing one reads as empty: asking for a section then says what to do.

        Raises:
            SourcesFileRefused: unreadable, not TOML, or other users of the machine may read it.
        """
        if not path.exists():
            return cls({}, origin=f"{path} (no such file)", folder=path.parent)
        text = _read_private(path)
        try:
            sections = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise SourcesFileRefused(f"{path} is not TOML: {_place(error)}. Correct it; nothing was read.") from None
        return cls(sections, origin=str(path), folder=path.parent)

    @classmethod
    def empty(cls) -> Endpoints:
        """No department at all: enough to read a file given by path."""
        return cls({}, origin="no sources file", folder=Path())

    def section(self, name: str, kind: type[SectionT]) -> SectionT:
        """The section `[name]`, its `*_file` secrets read.

        Raises:
            SourceNotConfigured: no such section, or a key is missing, unknown or wrong.
            SourcesFileRefused: a `*_file` cannot be read or is open to every user.
        """
        table = self._sections.get(name)
        if not isinstance(table, Mapping):
            raise SourceNotConfigured(
                f"[{name}] is not in {self._origin}. Add the section as connectors/endpoints.example.toml shows "
                "(HUB_SOURCES names the file); the other departments are not affected."
            )
        values: dict[str, Any] = {}
        for key, value in table.items():
            if key in _PATHS and isinstance(value, str):
                # `folder` is a remote path for SFTP; joining leaves an absolute one as it is.
                local = kind is not SftpEndpoint or key != "folder"
                values[key] = str(self._folder / value) if local else value
            elif key == "wsdl" and isinstance(value, str) and "://" not in value:
                values[key] = str(self._folder / value)
            elif key.endswith("_file") and isinstance(value, str):
                values[key.removesuffix("_file")] = _read_private(self._folder / value).strip()
            else:
                values[key] = value
        try:
            return kind.model_validate(values)
        except ValidationError as error:
            faults = "; ".join(
                f"{'.'.join(str(part) for part in fault['loc']) or name}: {fault['msg']}"
                for fault in error.errors(include_input=False, include_url=False, include_context=False)
            )
            raise SourceNotConfigured(f"[{name}] in {self._origin}: {faults}. Correct the section.") from None


def _read_private(path: Path) -> str:
    """The text of a file that other users of the machine must not be able to read or change."""
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise SourcesFileRefused(
            f"{path} cannot be read ({error.strerror}). Check HUB_SOURCES and its owner."
        ) from None
    except UnicodeDecodeError:
        raise SourcesFileRefused(f"{path} is not UTF-8 text.") from None
    if mode & stat.S_IRWXO:
        raise SourcesFileRefused(
            f"{path} holds credentials and any user of this machine can reach it (mode {stat.S_IMODE(mode):04o}). "
            f"Run `chmod o-rwx {path}` and consider its secrets known."
        )
    return text


def _place(error: tomllib.TOMLDecodeError) -> str:
    """Where the TOML breaks, without the text around it, which may be a secret."""
    found = re.search(r"\(at (line \d+, column \d+|end of document)\)", str(error))
    return found.group(1) if found else "place unknown"
