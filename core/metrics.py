"""What the process counts about itself, for Prometheus. No label ever holds a phone, a session id or an input."""

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
FAST_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 4.0, 10.0)

registry = CollectorRegistry()
ProcessCollector(registry=registry)
PlatformCollector(registry=registry)
GCCollector(registry=registry)

_ussd_requests = Counter("ussd_requests", "USSD requests answered.", ["session_type"], registry=registry)
_ussd_response_time = Histogram(
    "ussd_response_time_seconds", "Time to answer a USSD request.", buckets=FAST_BUCKETS_S, registry=registry
)
_ussd_turns = Counter(
    "palabre_ussd_turns", "USSD turns by outcome.", ["gateway", "service", "outcome"], registry=registry
)
_ussd_turn_cpu = Histogram(
    "palabre_ussd_turn_cpu_seconds", "CPU time of a USSD turn.", buckets=FAST_BUCKETS_S, registry=registry
)
_ussd_lock_wait = Histogram(
    "palabre_ussd_lock_wait_seconds", "Wait for a USSD session's lock.", buckets=FAST_BUCKETS_S, registry=registry
)
_ussd_late = Counter("palabre_ussd_late", "USSD answers after the deadline.", ["gateway"], registry=registry)
_ussd_replays = Counter(
    "palabre_ussd_replays", "USSD turns answered from their receipt.", ["gateway"], registry=registry
)
_ussd_conflicts = Counter(
    "palabre_ussd_conflicts", "USSD turns that contradict their session.", ["gateway"], registry=registry
)
_ussd_open_sessions = Gauge("palabre_ussd_open_sessions", "Open USSD sessions.", registry=registry)
_whatsapp_ignored = Counter(
    "palabre_whatsapp_ignored", "What came to WhatsApp and was not heard.", ["channel", "reason"], registry=registry
)
_http_requests = Counter("http_requests", "HTTP requests.", ["method", "route", "status"], registry=registry)
_http_duration = Histogram(
    "http_request_duration_seconds", "Time to answer.", ["method", "route"], buckets=FAST_BUCKETS_S, registry=registry
)


def ussd_turn(gateway: str, service: str, outcome: str, elapsed_s: float, *, is_first: bool) -> None:
    """Count one answered turn; a replay and a conflict are counted under their own names too."""
    _ussd_requests.labels("initial" if is_first else "continuation").inc()
    _ussd_response_time.observe(elapsed_s)
    _ussd_turns.labels(gateway, service, outcome).inc()
    if outcome == "replay":
        _ussd_replays.labels(gateway).inc()
    elif outcome == "conflict":
        _ussd_conflicts.labels(gateway).inc()


def ussd_cost(cpu_s: float, lock_wait_s: float) -> None:
    """Record what one turn took of this process and how long it waited for its session."""
    _ussd_turn_cpu.observe(cpu_s)
    _ussd_lock_wait.observe(lock_wait_s)


def ussd_late(gateway: str) -> None:
    """Count an answer given after the deadline."""
    _ussd_late.labels(gateway).inc()


def ussd_open_sessions(count: int) -> None:
    """Set how many sessions are open now."""
    _ussd_open_sessions.set(count)


def whatsapp_ignored(channel: str, reason: str) -> None:
    """Count what somebody, or something, brought and nobody was answered for."""
    _whatsapp_ignored.labels(channel, reason).inc()


def http_request(method: str, route: str, status: int, elapsed_s: float) -> None:
    """Count one answered HTTP request; `route` is the route's pattern, never the path that was asked."""
    _http_requests.labels(method, route, str(status)).inc()
    _http_duration.labels(method, route).observe(elapsed_s)


def render() -> bytes:
    """Return all figures in the Prometheus text format (`CONTENT_TYPE`)."""
    return generate_latest(registry)
