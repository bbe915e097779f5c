"""Uses an installed wheel, with nothing else installed."""

import importlib.resources

from mcp_bearer import ConfigError, Request, Requirement, ResourceServer

server = ResourceServer(
    resource="https://mcp.example.com/mcp", issuers=["https://as.example.com"], challenge_scopes=["todo:read"]
)
decision = server.try_authorize(Request(method="GET", target="/", headers=[]), Requirement.scope("todo:read"))
assert decision is not None
assert decision.denial is not None
assert decision.denial.status == 401, decision.denial
assert dict(decision.denial.headers)["www-authenticate"] == (
    'Bearer scope="todo:read", '
    'resource_metadata="https://mcp.example.com/.well-known/oauth-protected-resource/mcp"'
)
try:
    ResourceServer(resource="https://mcp.example.com/mcp#x", issuers=["https://as.example.com"])
except ConfigError as error:
    assert "resource" in str(error)
else:
    raise AssertionError("a fragment was accepted")
assert importlib.resources.files("mcp_bearer").joinpath("py.typed").is_file()
