"""What pytest finds by itself where ``mcp-bearer`` is installed.

A package of its own: pytest imports it in every run, and any part of ``mcp_bearer`` brings the native module.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from mcp_bearer.testing import Issuer


@pytest.fixture
def mcp_bearer_issuer() -> Issuer:
    """An issuer of the test's own: its tokens, and servers that trust it (``mcp_bearer.testing``)."""
    from mcp_bearer.testing import Issuer

    return Issuer("https://auth.example.com")
