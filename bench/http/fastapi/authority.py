"""Who issues the tokens, and for whom."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self


@dataclass(frozen=True)
class Authority:
    """What every variant is told."""

    issuer: str
    audience: str
    jwks: dict[str, Any]
    keys: str
    """Where the key set is served, as ``/keys``."""

    @classmethod
    def read(cls, path: str, keys: str) -> Self:
        """Read what the file says."""
        return cls(**json.loads(Path(path).read_bytes()), keys=keys)
