"""What ``logging`` is told, by the logger ``mcp_bearer``."""

import logging

from ._mcp_bearer import DecisionEvent, KeysHealth

_logger = logging.getLogger("mcp_bearer")


def wanted(status: int) -> bool:
    """Whether anybody reads of refusals with this status."""
    return _logger.isEnabledFor(_level(status))


def refusal(event: DecisionEvent) -> None:
    """Log a refusal: at ``WARNING`` if it is this side's fault, else at ``INFO``."""
    _logger.log(_level(event.status or 0), "%s", event, extra={"decision": event})


def keys(event: str, health: KeysHealth) -> None:
    """Log an attempt to fetch keys: at ``WARNING`` if it failed, else at ``DEBUG``."""
    if event == "failed":
        _logger.warning(
            "%s: keys not fetched: %s; status=%s", health.issuer, health.last_error, health.status
        )
    elif health.exposes_secrets:
        _logger.warning("%s: publishes private or symmetric keys", health.issuer)
    else:
        _logger.debug("%s: keys %s; status=%s", health.issuer, event, health.status)


def _level(status: int) -> int:
    return logging.WARNING if status >= 500 else logging.INFO
