"""The server that the suite starts itself: installed or from the wheel, as root or not, found again after `kill -9`."""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import asyncpg
import pytest
from shared.database import embedded_postgres
from shared.database.embedded_postgres import PasswordFile, PostgresFailed, start_embedded_postgres
from shared.database.server_binaries import NoServerBinaries, find_server_binaries

AS_NOBODY = """
import asyncio, concurrent.futures.thread, encodings.idna, os, sys, uuid
from pathlib import Path
from asyncpg import connection, protocol
from shared.database.embedded_postgres import start_embedded_postgres

async def main():
    server = await start_embedded_postgres(Path(sys.argv[1]), print)
    print("owner", server.owner, await server.ensure_database("credit"))
    await server.stop()

os.chdir("/tmp"); os.setgroups([]); os.setgid(65534); os.setuid(65534)
asyncio.run(main())
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tmp_path.chmod(0o755)
    return tmp_path


@pytest.mark.parametrize("wheel_only", [False, True], ids=["installed", "wheel"])
async def test_one_role_sees_one_database(folder: Path, wheel_only: bool) -> None:
    """G-02: a service's role is refused by another service's database, and by the server's own ones."""
    server = await start_embedded_postgres(folder, lambda text: None, wheel_only=wheel_only)
    try:
        assert ("from the wheel" in server.where) == wheel_only or not wheel_only
        credit = await server.ensure_database("credit")
        await server.ensure_database("collection")
        assert await server.ensure_database("credit") == credit, "made once"
        connection = await asyncpg.connect(credit.replace("+asyncpg", ""))
        assert await connection.fetchval("SELECT current_user") == "credit"
        await connection.close()
        for other in ("collection", "postgres", "template1"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await asyncpg.connect(server.url_of("credit", other))
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(credit.replace("+asyncpg", "").replace("credit:", "credit:x"))
    finally:
        await server.stop()


async def test_a_server_left_over_is_used_again_and_a_dead_one_recovers(folder: Path) -> None:
    """Accept: state survives `kill -9` of everything."""
    server = await start_embedded_postgres(folder, lambda text: None)
    url = (await server.ensure_database("credit")).replace("+asyncpg", "")
    connection = await asyncpg.connect(url)
    await connection.execute("CREATE TABLE kept (id int); INSERT INTO kept VALUES (7)")
    await connection.close()
    again = await start_embedded_postgres(folder, lambda text: None)
    assert again.reused
    os.kill(int((server.folder / "postmaster.pid").read_text().splitlines()[0]), signal.SIGKILL)
    third = await start_embedded_postgres(folder, lambda text: None)
    try:
        connection = await asyncpg.connect(url)
        assert await connection.fetchval("SELECT id FROM kept") == 7
        await connection.close()
    finally:
        await third.stop()


async def test_an_interrupted_initdb_leaves_nothing_half_made(folder: Path) -> None:
    """A start that was killed in `initdb` begins anew."""
    half = folder / f"postgres-{find_server_binaries().major}.partial"
    half.mkdir()
    (half / "PG_VERSION").write_text("broken")
    server = await start_embedded_postgres(folder, lambda text: None)
    try:
        assert await (await asyncpg.connect(server.admin_url)).fetchval("SELECT 1") == 1
    finally:
        await server.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="as an ordinary user this is what every other test does")
def test_as_an_ordinary_user() -> None:
    """Root drops to another user; an ordinary user runs the server himself (everything is imported before the drop)."""
    with tempfile.TemporaryDirectory(prefix="suite-user-") as folder:
        os.chmod(folder, 0o777)
        done = subprocess.run(
            [sys.executable, "-c", AS_NOBODY, f"{folder}/mine"], capture_output=True, text=True, check=False, timeout=60
        )
    assert "owner None postgresql+asyncpg://credit:" in done.stdout, done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root hands its folder to another user")
async def test_a_folder_that_the_servers_user_cannot_reach_is_replaced_and_said(tmp_path: Path) -> None:
    """Design §1: both go where that user can reach them, and the start says where."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    said: list[str] = []
    server = await start_embedded_postgres(closed / "data", said.append)
    try:
        assert "cannot reach" in said[0]
        assert str(server.folder.parent) in said[0]
    finally:
        await server.stop()


def test_passwords_are_kept_and_private(tmp_path: Path) -> None:
    """Generated once, readable by us only."""
    path = tmp_path / "passwords.json"
    first = PasswordFile(path).of("credit")
    assert PasswordFile(path).of("credit") == first
    assert PasswordFile(path).of("collection") != first
    assert path.stat().st_mode & 0o077 == 0


def test_without_any_server_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clear message where something is missing."""
    from shared.database import server_binaries

    for name in ("_installed", "_on_path", "_wheel"):
        monkeypatch.setattr(server_binaries, name, lambda: iter(()))
    with pytest.raises(NoServerBinaries, match="install it"):
        find_server_binaries()


async def test_a_server_that_does_not_start_shows_its_log(folder: Path) -> None:
    """A bad setting ends in one sentence with the reason."""
    with pytest.raises(PostgresFailed, match="no_such_setting"):
        await start_embedded_postgres(folder, lambda text: None, settings={"no_such_setting": "1"})


def test_the_sockets_path_is_short() -> None:
    """A Unix socket's path holds at most 107 bytes."""
    assert all(len(str(place)) < 20 for place in embedded_postgres.SHORT_PLACES)
