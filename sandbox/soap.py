"""A SOAP 1.1 service as departments run them: one operation, one string back, an XML document in the string.

The WSDL is served at `?wsdl`. The document names GB2312 although the string has no bytes any more, as real
ones do. What else goes wrong is ordered by name, see `MANNERS`.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from sandbox.keyed_gateway import LocalServer

SPACE = "http://service.sandbox.example/"
OPERATION = "getRecords"
PARAMETERS = ("userId", "pw", "startTime", "pageNo", "pageSize")
#: How an answer may differ from a good one.
MANNERS = (
    "good", "escaped_twice", "bare_ampersands", "cdata", "code", "denied_code", "html", "half", "fault", "fault_client",
    "doctype", "no_total", "same_page", "no_string",
)  # fmt: skip

_WSDL = """<?xml version="1.0" encoding="UTF-8"?>
<wsdl:definitions xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"
  xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:tns="{space}" targetNamespace="{space}" name="Records">
  <wsdl:types><xsd:schema targetNamespace="{space}" elementFormDefault="unqualified">
    <xsd:element name="{operation}"><xsd:complexType><xsd:sequence>
      {parameters}</xsd:sequence></xsd:complexType></xsd:element>
    <xsd:element name="{operation}Response"><xsd:complexType><xsd:sequence>
      <xsd:element name="return" type="xsd:string" minOccurs="0"/></xsd:sequence></xsd:complexType></xsd:element>
  </xsd:schema></wsdl:types>
  <wsdl:message name="ask"><wsdl:part name="parameters" element="tns:{operation}"/></wsdl:message>
  <wsdl:message name="answer"><wsdl:part name="parameters" element="tns:{operation}Response"/></wsdl:message>
  <wsdl:portType name="Records"><wsdl:operation name="{operation}">
    <wsdl:input message="tns:ask"/><wsdl:output message="tns:answer"/></wsdl:operation></wsdl:portType>
  <wsdl:binding name="RecordsBinding" type="tns:Records">
    <soap:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>
    <wsdl:operation name="{operation}"><soap:operation soapAction=""/>
      <wsdl:input><soap:body use="literal"/></wsdl:input><wsdl:output><soap:body use="literal"/></wsdl:output>
    </wsdl:operation></wsdl:binding>
  <wsdl:service name="RecordsService"><wsdl:port name="RecordsPort" binding="tns:RecordsBinding">
    <soap:address location="http://10.255.255.1:8080/an/address/nobody/reaches"/></wsdl:port></wsdl:service>
</wsdl:definitions>
"""


def wsdl() -> bytes:
    """The description; its address is wrong, as those of services behind a proxy are."""
    kinds = {"pageNo": "xsd:int", "pageSize": "xsd:int"}
    parameters = "".join(f'<xsd:element name="{name}" type="{kinds.get(name, "xsd:string")}"/>' for name in PARAMETERS)
    return _WSDL.format(space=SPACE, operation=OPERATION, parameters=parameters).encode()


@dataclass(slots=True)
class SoapOffice:
    """The rows of one resource, ordered by (update_time, key), and how the next answers are spoilt."""

    rows: list[dict[str, str]] = field(default_factory=list)
    key: str = "code"
    username: str = "hub"
    password: str = "not-a-secret"  # noqa: S105 -- it says so
    manner: str = "good"
    asked: int = 0

    def answer(self, body: bytes) -> tuple[int, bytes]:
        """Answer one envelope."""
        self.asked += 1
        asked = {
            element.tag.rpartition("}")[2]: element.text or ""
            for element in ElementTree.fromstring(body).iter()  # noqa: S314 -- the hub's own request
        }
        if self.manner == "html":
            return 200, "<html><body>系统维护</body></html>".encode()
        if self.manner in ("fault", "fault_client"):
            side = "Client" if self.manner == "fault_client" else "Server"
            return 500, _envelope(f"<soap:Fault><faultcode>soap:{side}</faultcode><faultstring/></soap:Fault>")
        if (asked.get("userId"), asked.get("pw")) != (self.username, self.password) or self.manner == "denied_code":
            return 200, self._string("<result><code>401</code><msg>用户名或密码错误</msg></result>")
        if self.manner == "code":
            return 200, self._string("<result><code>99</code><msg>系统错误</msg></result>")
        answer = self._string(self._document(asked))
        return 200, answer[: len(answer) // 2] if self.manner == "half" else answer

    def _document(self, asked: dict[str, str]) -> str:
        page, size = int(asked["pageNo"]), int(asked["pageSize"])
        since = asked["startTime"]
        if self.manner == "same_page":
            page, since = 1, ""
        found = sorted(
            (row for row in self.rows if row["update_time"] >= since),
            key=lambda row: (row["update_time"], row[self.key]),
        )
        written = (lambda text: text) if self.manner == "bare_ampersands" else escape
        rows = "".join(
            "<row>" + "".join(f"<{name}>{written(value)}</{name}>" for name, value in row.items()) + "</row>"
            for row in found[(page - 1) * size : page * size]
        )
        total = "" if self.manner == "no_total" else f"<total>{len(found)}</total>"
        head = '<?xml version="1.0" encoding="GB2312"?>'
        if self.manner == "doctype":
            head += '<!DOCTYPE result [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
        return f"{head}<result><code>0</code>{total}<rows>{rows}</rows></result>"

    def _string(self, document: str) -> bytes:
        if self.manner == "no_string":
            return _envelope(f'<n:{OPERATION}Response xmlns:n="{SPACE}"/>')
        if self.manner == "cdata":
            inside = f"<![CDATA[{document}]]>"
        else:
            inside = escape(escape(document)) if self.manner == "escaped_twice" else escape(document)
        return _envelope(f'<n:{OPERATION}Response xmlns:n="{SPACE}"><return>{inside}</return></n:{OPERATION}Response>')


def _envelope(content: str) -> bytes:
    return (
        '<?xml version="1.0" encoding="UTF-8"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/">'
        f"<soap:Body>{content}</soap:Body></soap:Envelope>"
    ).encode()


class SoapServer:
    """A `SoapOffice` on a free port of 127.0.0.1, between `with` and its end."""

    def __init__(self, office: SoapOffice) -> None:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                self._send(200, wsdl()) if self.path.lower().endswith("?wsdl") else self._send(404, b"")

            def do_POST(self) -> None:
                self._send(*office.answer(self.rfile.read(int(self.headers.get("Content-Length") or 0))))

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base class's name
                pass

            def _send(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Type", "text/xml; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        self._server = LocalServer(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        """Where the service answers; its WSDL is at `<url>?wsdl`."""
        return f"http://127.0.0.1:{self._server.server_port}/records"

    def __enter__(self) -> SoapServer:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
