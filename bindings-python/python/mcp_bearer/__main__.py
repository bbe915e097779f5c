"""The program ``mcp-bearer``, also as ``python -m mcp_bearer``."""

import signal
import sys

from ._mcp_bearer import cli


def main() -> int:
    """Run it with the arguments of this process, and return its exit code."""
    # Python's own handler waits for the native call to return, which `dev` never does.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    return cli(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
