"""Azurite behind a relay that logs requests, as a process that ends with its parent.

    python -m tests.servers.azurite_process --work-dir DIR --account NAME --account-key KEY

`azurite_server` says what to expect of Azurite.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO, TYPE_CHECKING

from tests.servers.azurite_install import azurite_command
from tests.servers.base import LOG_NAME, announce_and_wait
from tests.servers.certificates import server_context
from tests.servers.endpoint import RequestLog
from tests.servers.http_relay import HttpRelay

if TYPE_CHECKING:
    from collections.abc import Mapping


def start_azurite(
    work_dir: Path, environment: Mapping[str, str]
) -> tuple[subprocess.Popen[str], int]:
    """Start Azurite; it, and its port.

    Args:
        work_dir: a directory where nothing lies that it could take for its configuration.
        environment: its environment variables.

    Raises:
        RuntimeError: it ended before it listened.
    """
    command = [
        *azurite_command(),
        "--blobHost=127.0.0.1",
        "--blobPort=0",
        "--inMemoryPersistence",
        "--disableTelemetry",
        # The clients that it is compared with ask for newer versions of the API than it knows.
        "--skipApiVersionCheck",
        "--silent",
    ]
    process = subprocess.Popen(
        command,
        cwd=work_dir,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    told = []
    for line in process.stdout:
        told.append(line)
        if found := re.search(r"successfully listens on http://127\.0\.0\.1:(\d+)", line):
            threading.Thread(target=_drain, args=[process.stdout], daemon=True).start()
            return process, int(found[1])
    raise RuntimeError(f"Azurite ended with {process.wait()}:\n{''.join(told)}")


def _drain(output: IO[str]) -> None:
    for line in output:
        sys.stderr.write(line)


def main() -> None:
    """Serve until standard input closes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work-dir", type=Path, required=True, help="for the log")
    parser.add_argument("--account", required=True, help="the account that it knows")
    parser.add_argument("--account-key", required=True, help="its shared key, in base64")
    parser.add_argument("--authority", default="", help="the PEM file of who signed the next")
    parser.add_argument("--certificate", type=Path, help="a PEM file with a key, for TLS")
    parser.add_argument("--no-log", action="store_true", help="nothing stands before it, nor TLS")
    options = parser.parse_args()
    environment = {
        **os.environ,
        "AZURITE_ACCOUNTS": f"{options.account}:{options.account_key}",
        # For the source of a copy, which it asks the relay for.
        "NODE_EXTRA_CA_CERTS": options.authority,
        "NO_PROXY": "127.0.0.1",
    }
    process, port = start_azurite(options.work_dir, environment)
    if options.no_log:
        announce_and_wait(port, options.work_dir, process.kill)
    log = RequestLog(options.work_dir / LOG_NAME)
    # The relay reads what passes, so TLS ends there.
    context = server_context(options.certificate) if options.certificate else None
    relay = HttpRelay(f"127.0.0.1:{port}", on_record=log.add, context=context)

    def stop() -> None:
        process.terminate()
        process.wait()
        log.close()

    announce_and_wait(relay.port, options.work_dir, stop)


if __name__ == "__main__":
    main()
