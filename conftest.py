"""The fixtures that tests of every package may use."""

from __future__ import annotations

import signal

pytest_plugins = [
    "tests.disks.fixtures",
    "tests.servers.fixtures",
    "tests.servers.adapter_fixtures",
    "tests.servers.azure_fixtures",
    "tests.servers.canned_fixtures",
    "tests.servers.requirements",
]

#: A longer text's diff takes minutes to hours where pytest doesn't cut it, as on a build server.
_COMPARED_MAX = 10_000


def pytest_configure() -> None:
    """Let Ctrl-C and a hang-up end what tests start, as they do in a terminal.

    A shell script's background jobs ignore both, and so does all that they start: tests of them
    would wait for ever.
    """
    for number, usual in (
        (signal.SIGINT, signal.default_int_handler),
        (signal.SIGHUP, signal.SIG_DFL),
    ):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, usual)


def pytest_assertrepr_compare(op: str, left: object, right: object) -> list[str] | None:
    """Say only the lengths of what is too long to be compared line by line."""
    sizes = [
        len(side) for side in (left, right) if isinstance(side, (str, bytes, bytearray, memoryview))
    ]
    if len(sizes) < 2 or max(sizes) <= _COMPARED_MAX:
        return None
    return [f"{type(left).__name__} {op} {type(right).__name__}, of lengths {sizes[0]}, {sizes[1]}"]
