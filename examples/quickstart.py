"""Print one trace: `python examples/quickstart.py`. It needs only otel_trading."""

import otel_trading as ot
from otel_trading import metrics

telemetry = ot.configure("quickstart", exporters="none", traces_exporters="console", json_logs=False)
check = metrics.risk_check_duration


@ot.traced("check position", duration=check, attributes={"trading.risk.check.type": "position"})
def allowed(position: float) -> bool:
    """Return whether one more lot fits into the limit."""
    return position + 100 <= 1_000


with ot.span("on quote"):
    if allowed(position=0):
        order = ot.Order("c-1", venue="XNAS", type="limit", side="buy", quantity=100, strategy="mm")
        order.submitted()
        order.acknowledged()
        order.filled(quantity=100, price=182.11)

telemetry.shutdown()
