"""What pytest finds by itself where this package is installed. Nothing else imports this module."""

import pytest

from .testing import Issuer


@pytest.fixture
def mcp_bearer_issuer() -> Issuer:
    """An issuer of the test's own: its tokens, and servers that trust it (``mcp_bearer.testing``)."""
    return Issuer("https://auth.example.com")
