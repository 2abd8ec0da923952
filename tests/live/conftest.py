"""The fixture of the live tests; without a bucket they aren't even collected."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from tools.live import BUCKET_VARIABLE, DEVIATIONS_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.live.bucket import LiveBucket


def pytest_ignore_collect(config: pytest.Config) -> bool | None:
    """Leave these tests out unless they are asked for by their path, and have a bucket."""
    is_asked = any("tests/live" in argument for argument in config.args)
    return None if is_asked and os.environ.get(BUCKET_VARIABLE) else True


@pytest.fixture(scope="session")
def live() -> Iterator[LiveBucket]:
    """The bucket, and a prefix for this run."""
    # Imported here: boto3 is slow to import, and `make test` doesn't need it for this.
    from tests.live.bucket import open_live_bucket  # noqa: PLC0415

    with open_live_bucket() as bucket:
        yield bucket


@pytest.fixture(autouse=True)
def _expect_deviations(request: pytest.FixtureRequest) -> None:
    """What the user knows of the server may fail."""
    names = os.environ.get(DEVIATIONS_VARIABLE, "").split(",")
    if request.function.__name__ in names:
        request.applymarker(pytest.mark.xfail(strict=False, reason="a known deviation"))
