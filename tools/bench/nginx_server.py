"""nginx as an S3 server that costs little: started for one benchmark, gone afterwards.

Rules of this file: all its files lie in one temporary directory, in memory where the system has
/dev/shm; nothing of the system's own nginx is read or touched.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

TEMPLATE = Path(__file__).with_name("nginx_s3.conf")
START_TIMEOUT_S = 10.0


class ServerMissingError(RuntimeError):
    """nginx isn't installed, or doesn't start."""


@dataclass(frozen=True, slots=True)
class NginxServer:
    """A running server.

    Attributes:
        port: on 127.0.0.1.
        data: the directory that it serves; a bucket is a directory in it.
    """

    port: int
    data: Path

    @property
    def endpoint_url(self) -> str:
        """The URL to give to a client."""
        return f"http://127.0.0.1:{self.port}"


def find_nginx() -> str | None:
    """The path of nginx; system directories are looked in too."""
    return shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


@contextlib.contextmanager
def nginx_server() -> Iterator[NginxServer]:
    """Run nginx.

    Raises:
        ServerMissingError: it isn't installed, or doesn't start.
    """
    nginx = find_nginx()
    if nginx is None:
        raise ServerMissingError("nginx isn't installed: on Debian, apt-get install nginx-light")
    shared_memory = Path("/dev/shm")  # noqa: S108 - a directory of our own is made in it
    parent = shared_memory if shared_memory.is_dir() else None
    with tempfile.TemporaryDirectory(dir=parent, prefix="s3dlio-bench-") as temporary:
        root = Path(temporary)
        # nginx, when root starts it, serves as another user.
        root.chmod(0o755)
        (root / "data").mkdir(mode=0o777)
        port = _free_port()
        text = TEMPLATE.read_text().replace("@ROOT@", temporary).replace("@PORT@", str(port))
        (root / "nginx.conf").write_text(text)
        process = subprocess.Popen(
            [nginx, "-p", temporary, "-e", str(root / "error.log"), "-c", str(root / "nginx.conf")],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            _wait_until_it_answers(process, port, root / "error.log")
            yield NginxServer(port, root / "data")
        finally:
            process.terminate()
            process.wait()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _wait_until_it_answers(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    said = log.read_text(errors="replace")[-1000:] if log.exists() else ""
    raise ServerMissingError(f"nginx doesn't start: {said}")
