"""What Prometheus is told."""

from bot.metrics import Metrics


def test_how_long_answers_took_is_told_as_a_histogram() -> None:
    metrics = Metrics()
    for seconds in (0.0005, 0.001, 0.003, 61):
        metrics.ack.observe(seconds)
    value = metrics.registry.get_sample_value
    told = [
        value("waybill_ack_seconds_bucket", {"le": bound}) for bound in ("0.001", "0.0025", "0.005", "60.0", "+Inf")
    ]
    assert told == [2, 2, 3, 3, 4]
    assert (value("waybill_ack_seconds_count"), value("waybill_ack_seconds_sum")) == (4, 61.0045)
