"""A pytest plugin: what the machine lacks may be skipped, unless it is said to be there.

A test that needs something a machine may lack is skipped with a reason that begins with the name of
a group and a colon, `rclone: not installed`. `S3DLIO_TEST_REQUIRE=moto,rclone` turns the skips of
these groups into failures, so that a build server which lost a tool doesn't pass by skipping; `all`
stands for every group.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator

REQUIRE_VARIABLE: Final = "S3DLIO_TEST_REQUIRE"


def required_groups() -> frozenset[str]:
    """The groups that the environment says are there."""
    names = os.environ.get(REQUIRE_VARIABLE, "").split(",")
    return frozenset(name.strip() for name in names if name.strip())


def is_required(reason: str, groups: frozenset[str]) -> bool:
    """Whether a skip for this reason is one of a required group."""
    group, colon, _ = reason.removeprefix("Skipped: ").partition(":")
    return bool(colon) and (group in groups or "all" in groups)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn the skip of a required group into a failure."""
    report = yield
    if report.outcome == "skipped" and isinstance(report.longrepr, tuple):
        reason = report.longrepr[2]
        if is_required(reason, required_groups()):
            report.outcome = "failed"
            report.longrepr = f"{REQUIRE_VARIABLE} requires what was skipped: {reason}"
    return report
