"""A TCP proxy before a server that breaks chosen requests in chosen ways.

    with FaultProxy(server) as proxy:
        rule = proxy.add(ResetMidResponse(after_bytes=1000), method="GET", nth=2)
        ...  # a client talks to proxy.endpoint_url
        assert 1 == rule.applied_count

It runs in threads of the test's own process, so rules take effect at once. Requests that no rule
picks pass untouched.
"""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING

from tests.servers.blob_endpoint import BlobEndpoint
from tests.servers.endpoint import Endpoint, RequestRecord, S3Endpoint
from tests.servers.faults import Fault, Hold, Rule
from tests.servers.http_relay import Exchange, HttpRelay, forward

if TYPE_CHECKING:
    from collections.abc import Sequence


class FaultyLine(Endpoint):
    """A faulty line to a server, with the server's TLS. Use it with `with`.

    Args:
        server: what stands behind it.
    """

    def __init__(self, server: Endpoint) -> None:
        self._lock = threading.Lock()
        self._rules: list[Rule] = []
        self._log: list[RequestRecord] = []
        certificates = server.certificates
        self._relay = HttpRelay(
            server.host,
            on_record=self._log.append,
            handle=self._handle,
            context=certificates.server_context() if certificates else None,
            upstream_context=certificates.client_context() if certificates else None,
        )
        Endpoint.__init__(self, f"127.0.0.1:{self._relay.port}", certificates)

    def add(
        self,
        fault: Fault,
        *,
        method: str | None = None,
        pattern: str | None = None,
        nth: int = 1,
        times: int | None = 1,
    ) -> Rule:
        r"""Add a rule; where several pick a request, the first added wins.

        Args:
            fault: what to do.
            method: only requests of this method.
            pattern: only requests in whose target (`/bucket/key?query`, encoded) this regular
                expression is found; say `[?&]partNumber=2\b` for a part.
            nth: begin with the nth such request, counted from 1.
            times: for so many of them in a row; None for all that follow.
        """
        compiled = None if pattern is None else re.compile(pattern)
        rule = Rule(fault, method=method, pattern=compiled, nth=nth, times=times)
        with self._lock:
            self._rules.append(rule)
        return rule

    @property
    def rules(self) -> Sequence[Rule]:
        """The rules, as added."""
        return tuple(self._rules)

    def clear(self) -> None:
        """Forget all rules, and let go what they hold."""
        with self._lock:
            rules, self._rules = self._rules, []
        for rule in rules:
            if isinstance(rule.fault, Hold):
                rule.fault.released.set()

    def request_log(self) -> list[RequestRecord]:
        """Every request that came, with the status that the client was sent, 0 for none."""
        return list(self._log)

    def _handle(self, exchange: Exchange) -> None:
        fault = self._pick(exchange.method, exchange.target)
        if fault is None:
            forward(exchange)
        else:
            fault.apply(exchange)

    def _pick(self, method: str, target: str) -> Fault | None:
        picked: Rule | None = None
        with self._lock:
            for rule in self._rules:
                # Every rule counts every request that it matches, whichever wins.
                if rule.matches(method, target) and rule.count() and picked is None:
                    picked = rule
            if picked is not None:
                picked.applied_count += 1
        return None if picked is None else picked.fault

    def close(self) -> None:
        """Cut every connection and stop listening."""
        self.clear()
        self._relay.close()


class FaultProxy(FaultyLine, S3Endpoint):
    """A faulty line to an S3 server, with the server's credentials.

    Args:
        server: what stands behind the proxy.
    """

    def __init__(self, server: S3Endpoint) -> None:
        FaultyLine.__init__(self, server)
        S3Endpoint.__init__(
            self,
            self.host,
            access_key=server.access_key,
            secret_key=server.secret_key,
            region=server.region,
            certificates=server.certificates,
        )


class BlobFaultProxy(FaultyLine, BlobEndpoint):
    """A faulty line to a server of Azure Blob Storage, with the server's account.

    Args:
        server: what stands behind the proxy.
    """

    def __init__(self, server: BlobEndpoint) -> None:
        FaultyLine.__init__(self, server)
        BlobEndpoint.__init__(
            self,
            self.host,
            account=server.account,
            account_key=server.account_key,
            certificates=server.certificates,
        )
