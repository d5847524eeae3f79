"""What is counted, in Prometheus' text format: events, messages, queues and how long people wait."""

from bisect import bisect_left
from collections.abc import Iterable
from itertools import accumulate

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Metric, generate_latest
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Durations(Collector):
    """A histogram for the hottest path: it belongs to the loop's thread, and so needs no locks."""

    def __init__(self, name: str, text: str, *, registry: CollectorRegistry) -> None:
        self._name, self._text = name, text
        self._counts = [0] * (len(SECONDS) + 1)
        self._sum = 0.0
        registry.register(self)

    def observe(self, seconds: float) -> None:
        self._counts[bisect_left(SECONDS, seconds)] += 1
        self._sum += seconds

    def collect(self) -> Iterable[Metric]:
        bounds = [*(str(float(bound)) for bound in SECONDS), "+Inf"]
        yield HistogramMetricFamily(
            self._name, self._text, buckets=[*zip(bounds, accumulate(self._counts), strict=True)], sum_value=self._sum
        )


class Metrics:
    """One registry a process; nothing in it names a person."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.webhooks = Counter("waybill_webhooks", "Webhook requests by answer", ["status"], registry=self.registry)
        self.accepted = Counter("waybill_events_accepted", "Events stored, without repeats", registry=self.registry)
        self.repeated = Counter("waybill_events_repeated", "Events we already had", registry=self.registry)
        self.events = Counter("waybill_events", "Events settled", ["kind", "outcome"], registry=self.registry)
        self.late_loads = Counter(
            "waybill_late_loads", "Rows a handler needed that its batch had not loaded", registry=self.registry
        )
        self.conflicts = Counter("waybill_conflicts", "Units of work run again on newer rows", registry=self.registry)
        self.sends = Counter(
            "waybill_sends", "Attempts to send by what came of them", ["outcome"], registry=self.registry
        )
        self.ack = Durations("waybill_ack_seconds", "Webhook request to its answer", registry=self.registry)
        self.reply = Histogram(
            "waybill_reply_seconds", "Message written to the outbox to accepted by WhatsApp", buckets=SECONDS,
            registry=self.registry,
        )  # fmt: skip
        self.oldest = Gauge(
            "waybill_oldest_unsettled_seconds", "Age of the oldest event not settled", registry=self.registry
        )
        self.inbox = Gauge("waybill_inbox", "Events by state", ["state"], registry=self.registry)
        self.outbox = Gauge("waybill_outbox", "Messages not settled by state", ["state"], registry=self.registry)

    def render(self) -> bytes:
        return generate_latest(self.registry)
