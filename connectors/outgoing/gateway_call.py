"""Rejected rows by signed POST through the gateway they came by."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.access import GatewayReturn, RestAccess
from connectors.canonical import canonical_json
from connectors.declaration import Declaration
from connectors.endpoints import GatewayEndpoint
from connectors.gateway_client import GatewayClient
from connectors.outgoing.failures import told
from connectors.outgoing.port import Receipt, RejectedRow, Sending
from connectors.rest_gateway import service_id
from connectors.retrying import Patience, patiently
from core.clock import Clock, SystemClock


class GatewayCall:
    """Posts the rows in parts, each with the sending's reference and its number, so that a repeat is known as one.

    Publisher:  the hub, for the resource's owner
    Access:     as the resource is read: same gateway, signature and secret
    Freshness:  a part is handed over once the gateway answers with code "200"
    Caveats:    path and body are agreed with nobody yet: {reference, resource, part, parts, due,
                due_verified, rows: [{number, row, operation, fields, reasons}]}; whether a repeated part changes
                nothing is up to the receiver
    """

    def __init__(
        self,
        declaration: Declaration,
        endpoint: GatewayEndpoint,
        *,
        clock: Clock | None = None,
        patience: Patience | None = None,
    ) -> None:
        rejected, access = declaration.rejected, declaration.access
        if not isinstance(rejected, GatewayReturn) or not isinstance(access, RestAccess):
            raise TypeError(f"{declaration.name} does not send rejected rows through a gateway")
        self._rejected = rejected
        self._patience = patience or Patience()
        self._client = GatewayClient(
            endpoint,
            sid=service_id(declaration, endpoint),
            shape=access.header_shape,
            refusing=access.refusing,
            transient=access.transient,
            requests_per_second=access.requests_per_second,
            timeout_s=access.timeout_s,
            clock=clock or SystemClock(),
        )

    def send(self, sending: Sending, rows: Sequence[RejectedRow]) -> Receipt:
        """Post every part in order; a later call with the same reference posts them all again."""
        size = self._rejected.page_size
        parts = [rows[start : start + size] for start in range(0, len(rows), size)]
        with told(sending, len(rows)), self._client.session() as session:
            for number, part in enumerate(parts, 1):
                body = canonical_json(
                    {
                        "reference": sending.reference,
                        "resource": sending.resource,
                        "part": number,
                        "parts": len(parts),
                        "due": sending.due.isoformat() if sending.due else None,
                        "due_verified": sending.due_verified,
                        "rows": [_row(row) for row in part],
                    }
                )

                def once(body: bytes = body) -> None:
                    self._client.call(session, "POST", self._rejected.path, self._client.document, data=body)

                kept = f"{number - 1} of {len(parts)} parts are handed over"
                patiently(once, resource=sending.resource, kept=kept, patience=self._patience)
        return Receipt("gateway", self._rejected.path, len(rows), handed_over=True)


def _row(row: RejectedRow) -> dict[str, object]:
    return {
        "number": row.number,
        "row": row.position,
        "operation": row.operation,
        "fields": {name: None if value is None else str(value) for name, value in row.fields.items()},
        "reasons": list(row.reasons),
    }
