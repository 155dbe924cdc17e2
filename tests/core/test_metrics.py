"""The figures that `spec` names are there, and each moves when it should."""

from core import metrics


def value(name: str, **labels: str) -> float:
    return metrics.registry.get_sample_value(name, labels) or 0


def test_a_turn_moves_the_documented_figures() -> None:
    before = value("ussd_requests_total", session_type="initial")
    metrics.ussd_turn("test-a", "wallet", "replay", 0.02, is_first=True)
    metrics.ussd_turn("test-a", "wallet", "conflict", 0.02, is_first=False)
    metrics.ussd_late("test-a")
    metrics.ussd_cost(0.001, 0.0)
    metrics.ussd_open_sessions(3)
    assert value("ussd_requests_total", session_type="initial") == before + 1
    assert value("palabre_ussd_turns_total", gateway="test-a", service="wallet", outcome="replay") == 1
    assert value("palabre_ussd_replays_total", gateway="test-a") == 1
    assert value("palabre_ussd_conflicts_total", gateway="test-a") == 1
    assert value("palabre_ussd_late_total", gateway="test-a") == 1
    assert value("palabre_ussd_open_sessions") == 3


def test_every_name_the_gateways_watch_is_served() -> None:
    metrics.http_request("GET", "/health", 200, 0.001)
    served = metrics.render().decode()
    for name in (
        "ussd_requests_total",
        "ussd_response_time_seconds",
        "palabre_ussd_turns_total",
        "palabre_ussd_turn_cpu_seconds",
        "palabre_ussd_lock_wait_seconds",
        "palabre_ussd_late_total",
        "palabre_ussd_replays_total",
        "palabre_ussd_conflicts_total",
        "palabre_ussd_open_sessions",
        "http_requests_total",
        "process_resident_memory_bytes",
    ):
        assert f"# HELP {name.removesuffix('_total')}" in served, name
