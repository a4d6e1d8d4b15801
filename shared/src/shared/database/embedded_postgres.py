"""The PostgreSQL that the suite starts and keeps itself: own code around `initdb` and `pg_ctl`."""

import asyncio
import hashlib
import json
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import asyncpg

from shared.database.server_binaries import ServerBinaries, find_server_binaries

SUPERUSER = "suite"
PORT = 5432
SHORT_PLACES = (Path("/tmp"), Path("/var/tmp"))  # noqa: S108  a socket's path holds at most 107 bytes
START_TIMEOUT_S = 60
LEFT_OVER_S = 30
Report = Callable[[str], None]


class PostgresFailed(Exception):
    """`initdb` or the server did not come up; the text is what it said."""


@dataclass(slots=True)
class EmbeddedPostgres:
    """A running server: `admin_url` for asyncpg, `where` as a sentence, the owner it runs as (None: ourselves)."""

    binaries: ServerBinaries
    folder: Path
    sockets: Path
    owner: str | None
    passwords: "PasswordFile"
    reused: bool = False

    @property
    def admin_url(self) -> str:
        """URL of the superuser on the database `postgres`."""
        return self.url_of(SUPERUSER, "postgres")

    @property
    def where(self) -> str:
        """Which server this is, where its data lies and as whom it runs."""
        person = f", running as {self.owner}" if self.owner else ""
        return f"{self.binaries.origin}, data in {self.folder}{person}"

    def url_of(self, role: str, database: str) -> str:
        """The `postgresql://` URL of a role on a database, through the Unix socket."""
        password = quote(self.passwords.of(role), safe="")
        return f"postgresql://{role}:{password}@/{database}?host={self.sockets}&port={PORT}"

    async def ensure_database(self, name: str) -> str:
        """Make the role and database `name` if missing; the role may connect to no other. Returns its asyncpg URL."""
        await ensure_database(self.admin_url, name, self.passwords.of(name))
        return self.url_of(name, name).replace("postgresql://", "postgresql+asyncpg://", 1)

    async def stop(self) -> None:
        """End the server; open transactions are rolled back."""
        await asyncio.to_thread(_pg_ctl, self, "stop", "-m", "fast", "-w")


class PasswordFile:
    """Generated passwords by role, in a file that only we may read."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}

    def of(self, role: str) -> str:
        """The role's password, made at the first call."""
        if role not in self._known:
            self._known[role] = secrets.token_urlsafe(24)
            fresh = self._path.with_suffix(".new")
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
                json.dump(self._known, file)
            fresh.replace(self._path)
        return self._known[role]


async def start_embedded_postgres(
    data_dir: Path, report: Report, *, wheel_only: bool = False, settings: Mapping[str, str] | None = None
) -> EmbeddedPostgres:
    """Start (or find still running) the server whose data lies in `data_dir`. Errors: `PostgresFailed`, `NoServerBinaries`."""
    return await asyncio.to_thread(_start, data_dir.resolve(), report, wheel_only, settings or {})


def _start(data_dir: Path, report: Report, wheel_only: bool, settings: Mapping[str, str]) -> EmbeddedPostgres:
    data_dir.mkdir(parents=True, exist_ok=True)
    owner = _server_user()
    binaries = _reachable_binaries(find_server_binaries(wheel_only=wheel_only), owner, report)
    folder = _reachable_folder(data_dir, owner, report) / f"postgres-{binaries.major}"
    sockets = _socket_folder(folder, owner)
    server = EmbeddedPostgres(binaries, folder, sockets, owner, PasswordFile(data_dir / "passwords.json"))
    if not (folder / "PG_VERSION").exists():
        report(f"Making a database cluster in {folder} …")
        _initialise(server)
    server.reused = _still_runs(server)
    if not server.reused:
        options = [f"-k {sockets}", f"-p {PORT}", "-c listen_addresses=''", "-c max_connections=200"]
        options += [f"-c {name}={value}" for name, value in settings.items()]
        _pg_ctl(server, "start", "-w", "-t", str(START_TIMEOUT_S), "-l", str(folder / "server.log"), "-o", " ".join(options))
    return server


def _still_runs(server: EmbeddedPostgres) -> bool:
    """Whether a server left over answers; one that was just killed gets a moment to vanish."""
    deadline = time.monotonic() + LEFT_OVER_S
    while _pg_ctl(server, "status", check=False) == 0:
        with socket.socket(socket.AF_UNIX) as probe:
            if probe.connect_ex(str(server.sockets / f".s.PGSQL.{PORT}")) == 0:
                return True
        if time.monotonic() > deadline:
            raise PostgresFailed(f"a server on {server.folder} neither answers nor ends")
        time.sleep(0.1)
    return False


def _server_user() -> str | None:
    """PostgreSQL refuses to run as root: then `postgres`, else `nobody`; None when we are an ordinary user."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _can_reach(path: Path, owner: str | None, mode: str) -> bool:
    if owner is None:
        return True
    return (
        subprocess.run(["/usr/bin/test", mode, str(path)], check=False, user=owner, group=_group(owner), extra_groups=[]).returncode
        == 0
    )


def _group(owner: str) -> int:
    return pwd.getpwnam(owner).pw_gid


def _private_place(data_dir: Path, owner: str | None) -> Path:
    name = hashlib.sha256(str(data_dir).encode()).hexdigest()[:10]
    place = SHORT_PLACES[1] / f"suite-{name}"
    place.mkdir(mode=0o755, exist_ok=True)
    _give(place, owner)
    return place


def _give(path: Path, owner: str | None) -> None:
    if owner is not None:
        shutil.chown(path, owner, _group(owner))


def _reachable_folder(data_dir: Path, owner: str | None, report: Report) -> Path:
    if owner is None or _can_reach(data_dir, owner, "-x"):
        return data_dir
    place = _private_place(data_dir, owner)
    report(f"{owner} cannot reach {data_dir}: the database lies in {place}")
    return place


def _reachable_binaries(binaries: ServerBinaries, owner: str | None, report: Report) -> ServerBinaries:
    if _can_reach(binaries.folder / "postgres", owner, "-x"):
        return binaries
    install = binaries.folder.parent
    copy = _private_place(install, owner) / "pginstall"
    if not (copy / "bin" / "postgres").exists():
        report(f"{owner} cannot reach {install}: copying the server's programs to {copy}")
        partial = copy.with_name("pginstall.partial")
        shutil.copytree(install, partial, symlinks=True, dirs_exist_ok=True)
        partial.replace(copy)
    return ServerBinaries(copy / "bin", binaries.major, f"PostgreSQL {binaries.major} from the wheel ({copy / 'bin'})")


def _socket_folder(folder: Path, owner: str | None) -> Path:
    sockets = SHORT_PLACES[0] / f"suite-{hashlib.sha256(str(folder).encode()).hexdigest()[:12]}"
    sockets.mkdir(mode=0o700, exist_ok=True)
    if sockets.stat().st_uid not in {os.geteuid(), pwd.getpwnam(owner).pw_uid if owner else os.geteuid()}:
        raise PostgresFailed(f"{sockets} belongs to somebody else")
    _give(sockets, owner)
    return sockets


def _initialise(server: EmbeddedPostgres) -> None:
    """`initdb` into a folder beside, renamed when it is whole: an interrupted start leaves nothing half made."""
    partial = server.folder.with_name(server.folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(mode=0o700)
    password = server.sockets / "superuser"
    password.write_text(server.passwords.of(SUPERUSER))
    for path in (partial, password):
        _give(path, server.owner)
    options = ["-U", SUPERUSER, f"--pwfile={password}", "-A", "scram-sha-256", "-E", "UTF8", "--locale=C"]
    try:
        _run(server, server.binaries.program("initdb"), "-D", str(partial), *options)
    finally:
        password.unlink()
    partial.rename(server.folder)


def _pg_ctl(server: EmbeddedPostgres, *arguments: str, check: bool = True) -> int:
    return _run(server, server.binaries.program("pg_ctl"), "-D", str(server.folder), *arguments, check=check)


def _run(server: EmbeddedPostgres, *command: str, check: bool = True) -> int:
    """Run one of the server's programs as its owner, in a session of its own, so that Ctrl-C does not reach it."""
    environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"}
    with open(server.sockets / "output.log", "w+", encoding="utf-8") as output:
        process = subprocess.run(
            command,
            stdout=output,
            stderr=output,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            check=False,
            cwd=server.sockets,
            env=environment,
            user=server.owner,
            group=_group(server.owner) if server.owner else None,
            extra_groups=[] if server.owner else None,
        )
        if process.returncode and check:
            output.seek(0)
            raise PostgresFailed(f"{' '.join(command[:2])} failed:\n{output.read()}{_log_end(server)}")
    return process.returncode


def _log_end(server: EmbeddedPostgres) -> str:
    log = server.folder / "server.log"
    return "\n".join(log.read_text(errors="replace").splitlines()[-10:]) if log.exists() else ""


async def ensure_database(admin_url: str, name: str, password: str) -> None:
    """Role and database `name`, and no way in for anybody else: CONNECT is taken from PUBLIC on every database."""
    connection = await asyncpg.connect(admin_url)
    try:
        if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", name):
            await connection.execute(f'CREATE ROLE "{name}" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE')
        literal = await connection.fetchval("SELECT quote_literal($1::text)", password)
        await connection.execute(f'ALTER ROLE "{name}" PASSWORD {literal}')
        if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
            await connection.execute(f'CREATE DATABASE "{name}" OWNER "{name}"')
        for database in await connection.fetch("SELECT datname FROM pg_database WHERE datallowconn"):
            await connection.execute(f'REVOKE CONNECT, TEMPORARY ON DATABASE "{database["datname"]}" FROM PUBLIC')
        await connection.execute(f'GRANT CONNECT, TEMPORARY ON DATABASE "{name}" TO "{name}"')
    finally:
        await connection.close()
