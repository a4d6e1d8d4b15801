"""What one suite must have for itself before it starts: its folder of data and its address."""

import errno
import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Occupied(Exception):
    """The folder or the address belongs to a running suite; the text says what to do."""


@contextmanager
def sole_use(folder: Path) -> Iterator[None]:
    """Hold `folder` for this process, however it ends. Errors: `Occupied`.

    A second suite on the same data would run timers and relay twice and stop the first one's database when it ends.
    """
    with open(folder / "suite.lock", "a+", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            holder = lock.read().strip()
            raise Occupied(f"process {holder} runs on {folder}; end it, or give another folder with --data-dir") from None
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield


def listen(host: str, port: int) -> socket.socket:
    """The listening socket; port 0 picks a free one. Errors: `Occupied`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise Occupied(f"port {port} of {host} is taken; end who listens there, or give another one with --port") from None


def address_of(listening: socket.socket) -> str:
    """The URL of a listening socket."""
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
