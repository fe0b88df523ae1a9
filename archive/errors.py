"""What can go wrong between a finished case and a package an archive accepts."""

from __future__ import annotations

from typing import ClassVar

from core.errors import Permanent, Rejected


class CaseUnfit(Rejected):
    """A case cannot be packed as it was given: a part is missing, empty, badly named or not what it claims to be."""

    code: ClassVar[str] = "HUB-501"


class RetentionUnset(Permanent):
    """The retention table 保管期限表 has no approved row for a service item, and no period is assumed."""

    code: ClassVar[str] = "HUB-502"


class MetadataUnreadable(Rejected):
    """An XML file of a package cannot be read, or is not the file its name promises."""

    code: ClassVar[str] = "HUB-503"

    def __init__(self, message: str, path: str) -> None:
        super().__init__(message)
        self.path = path


class PackageTooLarge(Rejected):
    """A package would be larger than the archive opens again, or hold a name it does not take."""

    code: ClassVar[str] = "HUB-504"


class SealMissing(Permanent):
    """The signer gave back nothing for the digest list; an unsigned package is never written."""

    code: ClassVar[str] = "HUB-505"


class PackageRefused(Rejected):
    """The four-property check 四性检测 found a package wrong."""

    code: ClassVar[str] = "HUB-506"


class PackageUnjudged(Permanent):
    """Nothing wrong was found, but the signature of a package could not be judged: no trust, no verdict."""

    code: ClassVar[str] = "HUB-507"


class FormRefused(Rejected):
    """A file is not the bag or envelope it should be, or what is in it does not fit its own lists."""

    code: ClassVar[str] = "HUB-508"


class SchemeUnfit(Permanent):
    """The scheme of the four-property check (`check-scheme.toml`) is not of the form it has to be."""

    code: ClassVar[str] = "HUB-970"


class CsipUnreadable(FormRefused):
    """The METS or PREMIS of an information package is no such XML, or says of a file less than has to be known."""

    code: ClassVar[str] = "HUB-985"


class CsipAltered(FormRefused):
    """Files of an information package are missing, too many, or not those its METS and PREMIS tell of."""

    code: ClassVar[str] = "HUB-986"


class CsipForeign(FormRefused):
    """An information package is whole, but holds no archive package of ours, or more than one."""

    code: ClassVar[str] = "HUB-987"


class VolumeUnfit(Permanent):
    """A holder's volume cannot be written as one file: too large, or a value of its catalogue is no text."""

    code: ClassVar[str] = "HUB-736"


class VolumeRefused(Rejected):
    """A file is not the volume it should be: something is missing, changed, or not named by its inventory."""

    code: ClassVar[str] = "HUB-737"


class CodesUnfit(Permanent):
    """The rule of the 档号 cannot be read, could give two files one code, or says nothing of an item."""

    code: ClassVar[str] = "HUB-738"
