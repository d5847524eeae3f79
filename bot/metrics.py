"""What is counted, in Prometheus' text format: events, messages, queues and how long people wait."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


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
        self.ack = Histogram(
            "waybill_ack_seconds", "Webhook request to its answer", buckets=SECONDS, registry=self.registry
        )
        self.reply = Histogram(
            "waybill_reply_seconds", "Event accepted to its reply accepted by WhatsApp", buckets=SECONDS,
            registry=self.registry,
        )  # fmt: skip
        self.oldest = Gauge(
            "waybill_oldest_unsettled_seconds", "Age of the oldest event not settled", registry=self.registry
        )
        self.inbox = Gauge("waybill_inbox", "Events by state", ["state"], registry=self.registry)
        self.outbox = Gauge("waybill_outbox", "Messages not settled by state", ["state"], registry=self.registry)

    def render(self) -> bytes:
        return generate_latest(self.registry)
