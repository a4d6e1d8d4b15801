"""Prometheus metrics of one service; each app has a registry of its own, so that several live in one process."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Metrics:
    """What is counted and measured, named as the field does."""

    def __init__(self, service: str) -> None:
        self.registry = CollectorRegistry()
        self.service = service
        labels = ["service"]
        self._requests = Counter("http_requests", "answers", [*labels, "method", "status"], registry=self.registry)
        self._seconds = Histogram("http_request_seconds", "time to answer", labels, registry=self.registry, buckets=BUCKETS)
        self._relay_rows = Gauge("relay_lag_rows", "outbox rows not yet sent", labels, registry=self.registry)
        self._relay_age = Gauge("relay_lag_seconds", "age of the oldest of them", labels, registry=self.registry)
        self._unsendable = Counter("relay_unsendable_rows", "rows the broker refuses", labels, registry=self.registry)
        self._handled = Counter("consumer_handled_events", "events handled", labels, registry=self.registry)
        self._lag = Gauge("consumer_lag_seconds", "age of the last handled event", labels, registry=self.registry)
        self._parked = Counter("consumer_parked_records", "records parked", labels, registry=self.registry)
        self._overdue = Gauge("timers_overdue", "timers due and not fired", labels, registry=self.registry)

    def request(self, method: str, status: int, seconds: float) -> None:
        """One answer."""
        self._requests.labels(self.service, method, str(status)).inc()
        self._seconds.labels(self.service).observe(seconds)

    def relay_lag(self, rows: int, seconds: float) -> None:
        """How much of the outbox waits, and how long."""
        self._relay_rows.labels(self.service).set(rows)
        self._relay_age.labels(self.service).set(seconds)

    def unsendable_row(self) -> None:
        """An alert: a row that the broker refuses for itself."""
        self._unsendable.labels(self.service).inc()

    def handled(self, count: int, lag_s: float) -> None:
        """Events handled, and how old the last one was."""
        self._handled.labels(self.service).inc(count)
        self._lag.labels(self.service).set(max(lag_s, 0))

    def parked(self) -> None:
        """A record was put aside."""
        self._parked.labels(self.service).inc()

    def timers_overdue(self, count: int) -> None:
        """Timers that are due and not fired."""
        self._overdue.labels(self.service).set(count)

    def exposition(self) -> bytes:
        """The text that Prometheus reads."""
        return generate_latest(self.registry)
