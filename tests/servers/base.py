"""A server in a child process: how it starts, says where it is, and ends.

Rules of this file: the child prints one JSON line `{"port": N}` when it answers, and ends when its
standard input closes; so it ends with its parent, however that ends. It keeps its request log and
all its files in a work directory, which is removed with it.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.servers.endpoint import (
    ACCESS_KEY,
    REGION,
    SECRET_KEY,
    Endpoint,
    RequestRecord,
    S3Endpoint,
    read_request_log,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.servers.certificates import Certificates

REPOSITORY_ROOT: Final = Path(__file__).resolve().parents[2]
STOP_TIMEOUT_S: Final = 10.0
LOG_NAME: Final = "requests.jsonl"


class ServerStartError(RuntimeError):
    """A server's process ended before it answered."""


class ServerProcess(Endpoint):
    """A server that runs. Use it with `with`, or call `close`.

    Args:
        module: the module that `python -m` runs as the server.
        arguments: its arguments, beyond `--work-dir`.
        certificates: those of its TLS, or None for plain HTTP.
    """

    name = "test"

    def __init__(
        self, module: str, arguments: Sequence[str], certificates: Certificates | None
    ) -> None:
        self.work_dir = Path(tempfile.mkdtemp(prefix=f"s3dlio-{self.name}-"))
        self._final_log: list[RequestRecord] | None = None
        self._stderr = (self.work_dir / "stderr.txt").open("wb")
        command = [sys.executable, "-m", module, "--work-dir", str(self.work_dir), *arguments]
        if certificates is not None:
            command.append(f"--certificate={certificates.good}")
        environment = {
            **os.environ,
            "PYTHONPATH": str(REPOSITORY_ROOT),
            "TMPDIR": str(self.work_dir),
        }
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            env=environment,
            cwd=REPOSITORY_ROOT,
            start_new_session=True,
        )
        try:
            Endpoint.__init__(self, f"127.0.0.1:{self._read_port()}", certificates)
        except BaseException:
            self.close()
            raise

    def _read_port(self) -> int:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._process.wait()
            raise ServerStartError(f"the {self.name} server did not start:\n{self.error_output()}")
        return int(json.loads(line)["port"])

    @property
    def pid(self) -> int:
        """The process that serves."""
        return self._process.pid

    def request_log(self) -> list[RequestRecord]:
        """Every request since the start, in the order in which they were answered."""
        if self._final_log is not None:
            return list(self._final_log)
        return read_request_log(self.work_dir / LOG_NAME)

    def error_output(self) -> str:
        """What the server wrote to its standard error."""
        path = self.work_dir / "stderr.txt"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def kill(self) -> None:
        """End the server and its children as a crash does: every connection breaks."""
        os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()

    def close(self) -> None:
        """End the server and remove its files; the request log can still be read."""
        if self._final_log is not None:
            return
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with contextlib.suppress(BrokenPipeError):  # it may have ended by itself
            self._process.stdin.write(b"stop")
            self._process.stdin.close()
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._stderr.close()
        self._final_log = self.request_log()
        shutil.rmtree(self.work_dir, ignore_errors=True)


class S3Server(ServerProcess, S3Endpoint):
    """A running S3 server.

    Args:
        module: the module that `python -m` runs as the server.
        arguments: its arguments, beyond `--work-dir`.
        region: the region that requests must be signed for.
        certificates: those of its TLS, or None for plain HTTP.
        access_key: the access key that its process was told.
        secret_key: its secret.
    """

    def __init__(
        self,
        module: str,
        arguments: Sequence[str],
        *,
        region: str = REGION,
        certificates: Certificates | None = None,
        access_key: str = ACCESS_KEY,
        secret_key: str = SECRET_KEY,
    ) -> None:
        ServerProcess.__init__(self, module, arguments, certificates)
        S3Endpoint.__init__(
            self,
            self.host,
            access_key=access_key,
            secret_key=secret_key,
            region=region,
            certificates=certificates,
        )

    def drop_bucket(self, bucket: str) -> None:
        """Forget a bucket and all it holds, without a request per object."""
        raise NotImplementedError


def announce_and_wait(port: int, work_dir: Path, stop: Callable[[], None]) -> None:
    """In the child: print the port, wait until the parent closes our input, stop, and leave.

    A parent that ends us on purpose says so first; one that died doesn't, and then nobody else will
    remove our files. It leaves by `os._exit`, because the threads that serve open connections never
    end by themselves.
    """
    sys.stdout.write(json.dumps({"port": port}) + "\n")
    sys.stdout.flush()
    parent_is_alive = bool(sys.stdin.buffer.read())
    stop()
    if not parent_is_alive:
        shutil.rmtree(work_dir, ignore_errors=True)
    os._exit(0)
