"""A SOAP 1.1 service as departments run them: two operations, one string back, an XML document in the string.

The WSDL is served at `?wsdl`. The document names GB2312 although the string has no bytes any more, as real
ones do. What else goes wrong is ordered by name, see `MANNERS`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from sandbox import questions
from sandbox.listening import Faults, Handler, Listener

SPACE = "http://service.sandbox.example/"
OPERATION = "getRecords"
PARAMETERS = ("userId", "pw", "startTime", "pageNo", "pageSize")
#: The rows about one person.
ASK_OPERATION = "getRecordsByNumber"
ASK_PARAMETERS = ("userId", "pw", "idNumber")
#: How an answer may differ from a good one.
MANNERS = (
    "good", "escaped_twice", "bare_ampersands", "cdata", "code", "denied_code", "html", "half", "fault", "fault_client",
    "doctype", "no_total", "same_page", "no_string",
)  # fmt: skip
#: What can be ordered of a service that answers well otherwise.
PAGE_FAULTS = ("500", "slow", "down", *(manner for manner in MANNERS if manner != "good"))
FAULTS = (*PAGE_FAULTS, *questions.FAULTS)

_XML = "text/xml; charset=utf-8"
_WSDL = """<?xml version="1.0" encoding="UTF-8"?>
<wsdl:definitions xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"
  xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:tns="{space}" targetNamespace="{space}" name="Records">
  <wsdl:types><xsd:schema targetNamespace="{space}" elementFormDefault="unqualified">
{elements}  </xsd:schema></wsdl:types>
{messages}  <wsdl:portType name="Records">
{operations}  </wsdl:portType>
  <wsdl:binding name="RecordsBinding" type="tns:Records">
    <soap:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>
{bindings}  </wsdl:binding>
  <wsdl:service name="RecordsService"><wsdl:port name="RecordsPort" binding="tns:RecordsBinding">
    <soap:address location="http://10.255.255.1:8080/an/address/nobody/reaches"/></wsdl:port></wsdl:service>
</wsdl:definitions>
"""
_ELEMENTS = """    <xsd:element name="{operation}"><xsd:complexType><xsd:sequence>
      {parameters}</xsd:sequence></xsd:complexType></xsd:element>
    <xsd:element name="{operation}Response"><xsd:complexType><xsd:sequence>
      <xsd:element name="return" type="xsd:string" minOccurs="0"/></xsd:sequence></xsd:complexType></xsd:element>
"""
_MESSAGES = """  <wsdl:message name="{operation}Ask">
    <wsdl:part name="parameters" element="tns:{operation}"/></wsdl:message>
  <wsdl:message name="{operation}Answer">
    <wsdl:part name="parameters" element="tns:{operation}Response"/></wsdl:message>
"""
_PORT_OPERATION = """    <wsdl:operation name="{operation}">
    <wsdl:input message="tns:{operation}Ask"/><wsdl:output message="tns:{operation}Answer"/></wsdl:operation>
"""
_BINDING_OPERATION = """    <wsdl:operation name="{operation}"><soap:operation soapAction=""/>
      <wsdl:input><soap:body use="literal"/></wsdl:input><wsdl:output><soap:body use="literal"/></wsdl:output>
    </wsdl:operation>
"""


def wsdl() -> bytes:
    """The description; its address is wrong, as those of services behind a proxy are."""
    kinds = {"pageNo": "xsd:int", "pageSize": "xsd:int"}
    operations = {OPERATION: PARAMETERS, ASK_OPERATION: ASK_PARAMETERS}

    def each(form: str) -> str:
        return "".join(
            form.format(
                operation=operation,
                parameters="".join(
                    f'<xsd:element name="{name}" type="{kinds.get(name, "xsd:string")}"/>' for name in names
                ),
            )
            for operation, names in operations.items()
        )

    return _WSDL.format(
        space=SPACE,
        elements=each(_ELEMENTS),
        messages=each(_MESSAGES),
        operations=each(_PORT_OPERATION),
        bindings=each(_BINDING_OPERATION),
    ).encode()


@dataclass(slots=True)
class SoapOffice:
    """The rows of one resource, ordered by (update_time, key), and how the next answers are spoilt.

    `numbers` are the columns in which a person's number may stand.
    """

    rows: Sequence[Mapping[str, str | None]] = ()
    key: str = "code"
    username: str = "hub"
    password: str = "not-a-secret"  # noqa: S105 -- it says so
    manner: str = "good"
    asked: int = 0
    numbers: Sequence[str] = ("code",)

    def answer(self, body: bytes, manner: str | None = None) -> tuple[int, bytes]:
        """Answer one envelope, in the office's own manner or in the one ordered for it."""
        self.asked += 1
        manner = manner or self.manner
        asked = {
            element.tag.rpartition("}")[2]: element.text or ""
            for element in ElementTree.fromstring(body).iter()  # noqa: S314 -- the hub's own request
        }
        if manner == "html":
            return 200, "<html><body>系统维护</body></html>".encode()
        if manner in ("fault", "fault_client"):
            side = "Client" if manner == "fault_client" else "Server"
            return 500, _envelope(f"<soap:Fault><faultcode>soap:{side}</faultcode><faultstring/></soap:Fault>")
        if (asked.get("userId"), asked.get("pw")) != (self.username, self.password) or manner == "denied_code":
            return 200, self._string(manner, "<result><code>401</code><msg>用户名或密码错误</msg></result>")
        if manner == "code":
            return 200, self._string(manner, "<result><code>99</code><msg>系统错误</msg></result>")
        if "idNumber" in asked:
            return 200, self._question(manner, asked["idNumber"])
        answer = self._string(manner, self._document(manner, asked))
        return 200, answer[: len(answer) // 2] if manner == "half" else answer

    def _document(self, manner: str, asked: dict[str, str]) -> str:
        page, size = int(asked["pageNo"]), int(asked["pageSize"])
        since = asked["startTime"]
        if manner == "same_page":
            page, since = 1, ""
        found = sorted(
            (row for row in self.rows if str(row["update_time"]) >= since),
            key=lambda row: (row["update_time"], row[self.key] or ""),
        )
        rows = self._rows(manner, found[(page - 1) * size : page * size])
        total = "" if manner == "no_total" else f"<total>{len(found)}</total>"
        head = '<?xml version="1.0" encoding="GB2312"?>'
        if manner == "doctype":
            head += '<!DOCTYPE result [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
        return f"{head}<result><code>0</code>{total}<rows>{rows}</rows></result>"

    def _question(self, manner: str, number: str) -> bytes:
        """What is held about one number, or what was ordered in place of that."""
        if manner == "ask_garbage":
            return questions.GARBAGE
        if manner == "ask_refused":
            return self._string("good", "<result><code>401</code><msg>未授权按号码查询</msg></result>", ASK_OPERATION)
        found = questions.about(self.rows, self.numbers, number, manner)
        rows = self._rows(manner, found)
        document = f"<result><code>0</code><total>{len(found)}</total><rows>{rows}</rows></result>"
        return self._string("good", document, ASK_OPERATION)

    def _rows(self, manner: str, rows: Sequence[Mapping[str, str | None]]) -> str:
        written = (lambda text: text) if manner == "bare_ampersands" else escape
        return "".join(
            "<row>" + "".join(f"<{name}>{written(value or '')}</{name}>" for name, value in row.items()) + "</row>"
            for row in rows
        )

    def _string(self, manner: str, document: str, operation: str = OPERATION) -> bytes:
        if manner == "no_string":
            return _envelope(f'<n:{operation}Response xmlns:n="{SPACE}"/>')
        if manner == "cdata":
            inside = f"<![CDATA[{document}]]>"
        else:
            inside = escape(escape(document)) if manner == "escaped_twice" else escape(document)
        return _envelope(f'<n:{operation}Response xmlns:n="{SPACE}"><return>{inside}</return></n:{operation}Response>')


def _envelope(content: str) -> bytes:
    return (
        '<?xml version="1.0" encoding="UTF-8"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/">'
        f"<soap:Body>{content}</soap:Body></soap:Envelope>"
    ).encode()


class _Desk(Handler):
    office: ClassVar[SoapOffice]

    def do_GET(self) -> None:  # noqa: N802 -- the base class looks for this name
        found = self.path.lower().endswith("?wsdl")
        self.say(200 if found else 404, wsdl() if found else b"", _XML)

    def do_POST(self) -> None:  # noqa: N802 -- the base class looks for this name
        body = self.body()
        if ASK_OPERATION.encode() in body:
            fault = questions.ordered(self.faults, PAGE_FAULTS).kind
        else:
            fault = self.faults.take_order(spared=questions.FAULTS).kind
        if not self.spoilt("down" if fault == "ask_down" else fault):
            status, answer = self.office.answer(body, fault if fault in (*MANNERS, *questions.FAULTS) else None)
            self.say(status, answer, _XML)


class SoapServer(Listener):
    """A `SoapOffice` on a port of 127.0.0.1; as a context manager it serves the office it was given."""

    def __init__(self, office: SoapOffice | None = None, port: int = 0) -> None:
        super().__init__(port)
        self._office = office

    @property
    def url(self) -> str:
        """Where the service answers; its WSDL is at `<url>?wsdl`."""
        return f"{self.base_url}/records"

    def serve(self, office: SoapOffice) -> None:
        """Answer for `office`."""
        self.start(type("_Desk", (_Desk,), {"office": office}), Faults(FAULTS))

    def __enter__(self) -> SoapServer:
        self.serve(self._office or SoapOffice())
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
