"""The fixtures that tests of every package may use."""

from __future__ import annotations

pytest_plugins = ["tests.servers.fixtures", "tests.servers.requirements"]
