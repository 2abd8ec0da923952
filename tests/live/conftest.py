"""The fixtures of the live tests; without a bucket or container they aren't even collected."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from tools.live import BUCKET_VARIABLE, CONTAINER_VARIABLE, DEVIATIONS_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.live.bucket import LiveBucket
    from tests.live.container import LiveContainer


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave these tests out unless they are asked for by their path, and have what they need."""
    is_asked = any("tests/live" in argument for argument in config.args)
    needed = [CONTAINER_VARIABLE if "azure" in collection_path.name else BUCKET_VARIABLE]
    if collection_path.is_dir():
        needed = [BUCKET_VARIABLE, CONTAINER_VARIABLE]
    return None if is_asked and any(os.environ.get(name) for name in needed) else True


@pytest.fixture(scope="session")
def live() -> Iterator[LiveBucket]:
    """The bucket, and a prefix for this run."""
    # Imported here: boto3 is slow to import, and `make test` doesn't need it for this.
    from tests.live.bucket import open_live_bucket  # noqa: PLC0415

    with open_live_bucket() as bucket:
        yield bucket


@pytest.fixture(scope="session")
def live_container() -> Iterator[LiveContainer]:
    """The container, and a prefix for this run."""
    # Imported here: likewise.
    from tests.live.container import open_live_container  # noqa: PLC0415

    with open_live_container() as container:
        yield container


@pytest.fixture(autouse=True)
def _expect_deviations(request: pytest.FixtureRequest) -> None:
    """What the user knows of the server may fail."""
    names = os.environ.get(DEVIATIONS_VARIABLE, "").split(",")
    if request.function.__name__ in names:
        request.applymarker(pytest.mark.xfail(strict=False, reason="a known deviation"))
