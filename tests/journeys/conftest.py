"""A whole suite in a process of its own, once on the local bus and once on Apache Kafka."""

from collections.abc import Iterator

import pytest
from shared.testing.kafka_server import start_kafka

from demo.order_to_cash import START
from demo.suite import RunningSuite, started_suite


@pytest.fixture(scope="module", params=["local", pytest.param("kafka", marks=pytest.mark.kafka)])
def suite(request: pytest.FixtureRequest) -> Iterator[RunningSuite]:
    """The suite; on Kafka with a broker of its own, so that no other test's records are in its topics."""
    if request.param == "local":
        with started_suite(START) as running:
            yield running
        return
    request.getfixturevalue("kafka")
    broker = start_kafka()
    try:
        with started_suite(START, {"SUITE_BUS_URL": f"kafka://{broker.bootstrap}"}) as running:
            yield running
    finally:
        broker.stop()
