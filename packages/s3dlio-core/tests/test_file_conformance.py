"""The file store against the conformance suite."""

from __future__ import annotations

import pytest

from s3dlio_core.file_store import FileProvider
from s3dlio_core.testing import DirectoryStoreTests


class TestFile(DirectoryStoreTests):
    """`file://` on the file system of the temporary directory."""

    @pytest.fixture
    def provider(self) -> FileProvider:
        """The local machine."""
        return FileProvider()
