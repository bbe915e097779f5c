"""The table of attacks on an operation policy, each with its answer.

Every row is a POST to the MCP endpoint with a token for `todo:read`, and tries to get `create_todo`
executed, which needs `todo:write`. Rows with `PASSES` are the controls: the same trick around what
the token does allow must go through, and behind a gateway byte for byte.
"""

import base64
import gzip
import zlib
from dataclasses import dataclass

from expect import MISMATCH, NOT_ALLOWED, NOT_JSON, NOT_RPC, TOO_LARGE, UNSUPPORTED, Denied, Rpc, needs
from servers import Server
from wire import Fields, Message


@dataclass(frozen=True)
class Passes:
    """Permitted. `runs`: also the SDK behind executes it, rather than refusing it in its own way."""

    runs: bool = True


@dataclass(frozen=True)
class Parser:
    """The framework's own body parser, placed before the guard by the host, refuses first."""

    status: int


@dataclass(frozen=True)
class Attack:
    name: str
    body: bytes
    expected: Denied | Rpc | Passes
    fields: tuple[tuple[str, str], ...] = ()
    content_type: str | None = "application/json"
    # Where the framework parses the body before the guard, the value is judged, not the bytes.
    parsed: Denied | Rpc | Passes | Parser | None = None


def call(name: str, arguments: str = '{"title":"stolen"}', id: int = 1) -> bytes:
    return b'{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"%s","arguments":%s}}' % (
        id,
        name.encode(),
        arguments.encode(),
    )


def params(members: str) -> bytes:
    return b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{%s}}' % members.encode()


def list_todos(server: Server, token: str | None = None, fields: Fields = ()) -> list[tuple[str, Message]]:
    """By each way there is: the REST route, and the tool."""
    answers = [("GET /todos", server("GET", "/todos", token, fields))]
    if server.target.has_tools:
        answers.append(("tools/call", server.rpc(LIST, token, fields)))
    return answers


def version(stated: str) -> str:
    return f'"_meta":{{"io.modelcontextprotocol/protocolVersion":"{stated}"}}'


LIST = call("list_todos", "{}")
CREATE = call("create_todo")
ARGUMENTS = '"arguments":{"title":"stolen"}'
FORBIDDEN = needs("todo:write")
RUNS = Passes()
PASSES = Passes(runs=False)
MIB = 1024 * 1024


def mirrored(**fields: str) -> tuple[tuple[str, str], ...]:
    return tuple((name.replace("_", "-"), value) for name, value in fields.items())


def in_base64(text: str) -> str:
    return f"=?base64?{base64.b64encode(text.encode()).decode()}?="


# fmt: off
# ruff: noqa: E501
PLAIN = [
    Attack("plain call", CREATE, FORBIDDEN),
    Attack("permitted call", LIST, RUNS),
    Attack("permitted call with white space around it", b"\r\n \t" + LIST + b"\n", RUNS),
    Attack("a tool that the policy does not name", call("drop_database"), NOT_ALLOWED),
    Attack("a tool name in another case", call("CREATE_TODO"), NOT_ALLOWED),
    Attack("a tool name with a blank", call("create_todo "), NOT_ALLOWED),
    Attack("an empty tool name", call(""), NOT_ALLOWED),
    Attack("a notification that calls", CREATE.replace(b'"id":1,', b""), FORBIDDEN),
    Attack("id null", CREATE.replace(b'"id":1', b'"id":null'), FORBIDDEN),
    Attack("method in another case", CREATE.replace(b"tools/call", b"TOOLS/CALL"), NOT_ALLOWED),
    Attack("no tool name", params(ARGUMENTS), NOT_RPC),
    Attack("tool name null", params(f'"name":null,{ARGUMENTS}'), NOT_RPC),
    Attack("tool name in a list", params(f'"name":["create_todo"],{ARGUMENTS}'), NOT_RPC),
    Attack("params in a list", b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":["create_todo"]}', NOT_RPC),
    Attack("call and response in one", CREATE[:-1] + b',"result":{}}', NOT_RPC),
    Attack("no jsonrpc member", CREATE.replace(b'"jsonrpc":"2.0",', b""), NOT_RPC),
    Attack("the call inside another member", b'{"jsonrpc":"2.0","id":1,"method":"ping","params":{"call":%s}}' % CREATE, PASSES),
]

BATCHES = [
    Attack("batch with a forbidden call last", b"[%s,%s]" % (LIST, CREATE), needs("todo:read todo:write")),
    Attack("batch with a forbidden call first", b"[%s,%s]" % (CREATE, LIST), needs("todo:read todo:write")),
    Attack("batch with a tool that the policy does not name", b"[%s,%s]" % (LIST, call("drop_database")), NOT_ALLOWED),
    Attack("batch of one", b"[%s]" % CREATE, FORBIDDEN),
    Attack("permitted batch", b"[%s,%s]" % (LIST, call("list_todos", "{}", 2)), PASSES),
    Attack("nested batch", b"[[%s]]" % CREATE, NOT_RPC),
    Attack("empty batch", b"[]", NOT_RPC),
    Attack("batch of 101", b"[%s]" % b",".join([LIST] * 101), NOT_RPC),
    Attack("batch with null", b"[%s,null]" % LIST, NOT_RPC),
    Attack("batch with Mcp-Method", b"[%s]" % LIST, MISMATCH, mirrored(Mcp_Method="tools/call")),
    Attack("batch with Mcp-Name", b"[%s]" % LIST, MISMATCH, mirrored(Mcp_Name="list_todos")),
]

SPELLINGS = [
    Attack("escaped member name", params(f'"n\\u0061me":"create_todo",{ARGUMENTS}'), FORBIDDEN),
    Attack("escaped method", CREATE.replace(b"tools/call", b"tools\\/c\\u0061ll"), FORBIDDEN),
    Attack("escaped tool name", call("create\\u005ftodo"), FORBIDDEN),
    Attack("escaped permitted call", LIST.replace(b"tools/call", b"tools\\/c\\u0061ll"), RUNS),
    Attack("name twice, forbidden last", params(f'"name":"list_todos","name":"create_todo",{ARGUMENTS}'), NOT_JSON, parsed=FORBIDDEN),
    Attack("name twice, forbidden first", params('"name":"create_todo","name":"list_todos","arguments":{}'), NOT_JSON, parsed=RUNS),
    Attack("name twice, once escaped", params(f'"name":"list_todos","n\\u0061me":"create_todo",{ARGUMENTS}'), NOT_JSON, parsed=FORBIDDEN),
    Attack("method twice", CREATE.replace(b'"method"', b'"method":"ping","method"'), NOT_JSON, parsed=FORBIDDEN),
    Attack("params twice", LIST[:-1] + b',"params":{"name":"create_todo",%s}}' % ARGUMENTS.encode(), NOT_JSON, parsed=FORBIDDEN),
    Attack("a member of _meta twice", params(f'"name":"create_todo",{version("1")[:-1]},"io.modelcontextprotocol/protocolVersion":"2"}}'), NOT_JSON, parsed=FORBIDDEN),
    Attack("Name beside name", params(f'"name":"list_todos","Name":"create_todo",{ARGUMENTS}'), NOT_RPC),
    Attack("NAME alone", params(f'"NAME":"create_todo",{ARGUMENTS}'), NOT_RPC),
    Attack("Method beside method", LIST[:-1] + b',"Method":"ping"}', NOT_RPC),
    Attack("Params beside params", LIST[:-1] + b',"Params":{"name":"create_todo"}}', NOT_RPC),
    Attack("long s in params", LIST[:-1] + ',"param\u017f":{"name":"create_todo"}}'.encode(), NOT_RPC),
    Attack("__proto__", params(f'"__proto__":{{"name":"list_todos"}},"name":"create_todo",{ARGUMENTS}'), FORBIDDEN),
    Attack("private number of serde_json", params(f'"$serde_json::private::Number":"1","name":"create_todo",{ARGUMENTS}'), NOT_RPC),
    Attack("private raw value of serde_json", b'{"$serde_json::private::RawValue":%s}' % b'"{}"', NOT_RPC),
    Attack("private raw value in params", params(f'"$serde_json::private::RawValue":"{{}}","name":"create_todo",{ARGUMENTS}'), FORBIDDEN),
]

BYTES = [
    Attack("byte order mark", b"\xef\xbb\xbf" + CREATE, NOT_JSON, parsed=FORBIDDEN),
    Attack("UTF-16 without saying so", CREATE.decode().encode("utf-16"), NOT_JSON, parsed=Parser(400)),
    Attack("UTF-16", CREATE.decode().encode("utf-16"), UNSUPPORTED, content_type="application/json; charset=utf-16"),
    Attack("UTF-16LE", CREATE.decode().encode("utf-16-le"), UNSUPPORTED, content_type="application/json; charset=utf-16le"),
    Attack("UTF-32", CREATE.decode().encode("utf-32"), UNSUPPORTED, content_type="application/json; charset=utf-32"),
    Attack("utf-7 charset", CREATE.replace(b"create_todo", b"+AGM-reate_todo"), UNSUPPORTED, content_type="application/json; charset=utf-7"),
    Attack("utf-7 charset over a permitted call", LIST, UNSUPPORTED, content_type="application/json; charset=utf-7"),
    Attack("latin-1 charset", CREATE, UNSUPPORTED, content_type="application/json; charset=iso-8859-1", parsed=Parser(415)),
    Attack("two charsets", LIST, UNSUPPORTED, content_type="application/json; charset=utf-8; charset=utf-7"),
    Attack("utf-8 charset", LIST, RUNS, content_type="application/json; charset=UTF-8"),
    Attack("invalid UTF-8", CREATE.replace(b"stolen", b"\xff\xfe"), NOT_JSON, parsed=FORBIDDEN),
    Attack("overlong UTF-8", CREATE.replace(b"tools/call", b"tools\xc0\xafcall"), NOT_JSON, parsed=PASSES),
    Attack("trailing bytes", LIST + CREATE, NOT_JSON, parsed=Parser(400)),
    Attack("trailing NUL", LIST + b"\0", NOT_JSON, parsed=Parser(400)),
    Attack("comment", b"/*" + LIST + b"*/" + CREATE, NOT_JSON, parsed=Parser(400)),
    Attack("cut off", CREATE[:-1], NOT_JSON, parsed=Parser(400)),
    Attack("not JSON", b"create_todo", NOT_JSON, parsed=Parser(400)),
    Attack("empty body", b"", NOT_JSON, parsed=NOT_RPC),
    Attack("a string", b'"tools/call"', NOT_RPC, parsed=Parser(400)),
    Attack("deeply nested arguments", call("create_todo", '{"title":' + "[" * 50_000 + "]" * 50_000 + "}"), FORBIDDEN, parsed=NOT_RPC),
    Attack("gzip", gzip.compress(CREATE), UNSUPPORTED, mirrored(Content_Encoding="gzip")),
    Attack("gzip of a permitted call", gzip.compress(LIST), UNSUPPORTED, mirrored(Content_Encoding="gzip")),
    Attack("deflate", zlib.compress(CREATE), UNSUPPORTED, mirrored(Content_Encoding="Deflate")),
    Attack("gzip after identity", gzip.compress(CREATE), UNSUPPORTED, mirrored(Content_Encoding="identity, gzip"), parsed=Parser(415)),
    Attack("gzip that says nothing", gzip.compress(CREATE), NOT_JSON, parsed=Parser(400)),
    Attack("identity coding", LIST, RUNS, mirrored(Content_Encoding="identity")),
    Attack("text/plain", CREATE, UNSUPPORTED, content_type="text/plain"),
    Attack("text/plain over a permitted call", LIST, UNSUPPORTED, content_type="text/plain"),
    Attack("form", b"name=create_todo", UNSUPPORTED, content_type="application/x-www-form-urlencoded"),
    Attack("multipart", CREATE, UNSUPPORTED, content_type="multipart/form-data; boundary=x"),
    Attack("another JSON type", LIST, UNSUPPORTED, content_type="application/vnd.api+json"),
    Attack("list of types", LIST, UNSUPPORTED, content_type="application/json, text/plain"),
    Attack("no type", LIST, UNSUPPORTED, content_type=None),
    Attack("two types", LIST, UNSUPPORTED, mirrored(Content_Type="text/plain")),
]

MIRRORS = [
    Attack("Mcp-Name of another tool", CREATE, MISMATCH, mirrored(Mcp_Method="tools/call", Mcp_Name="list_todos")),
    Attack("Mcp-Name of another tool, encoded", CREATE, MISMATCH, mirrored(Mcp_Name=in_base64("list_todos"))),
    Attack("Mcp-Name in another case", LIST, MISMATCH, mirrored(Mcp_Name="List_Todos")),
    Attack("Mcp-Name twice", LIST, MISMATCH, mirrored(Mcp_Name="list_todos") + mirrored(mcp_name="list_todos")),
    Attack("Mcp-Method of another method", CREATE, MISMATCH, mirrored(Mcp_Method="tools/list")),
    Attack("Mcp-Method in another case", LIST, MISMATCH, mirrored(Mcp_Method="Tools/Call")),
    Attack("true mirrors over a forbidden call", CREATE, FORBIDDEN, mirrored(Mcp_Method="tools/call", Mcp_Name="create_todo")),
    Attack("true mirrors", LIST, RUNS, mirrored(Mcp_Method="tools/call", Mcp_Name="list_todos")),
    Attack("true name, encoded", LIST, RUNS, mirrored(Mcp_Name=in_base64("list_todos"))),
    Attack("an old protocol version", CREATE, FORBIDDEN, mirrored(MCP_Protocol_Version="2025-06-18")),
    Attack(
        "an old protocol version and the name of another tool", CREATE, MISMATCH,
        mirrored(MCP_Protocol_Version="2025-06-18", Mcp_Method="tools/call", Mcp_Name="list_todos"),
    ),
    Attack(
        "an old protocol version over a body that states a new one",
        params(f'"name":"list_todos","arguments":{{}},{version("2026-07-28")}'), MISMATCH,
        mirrored(MCP_Protocol_Version="2025-06-18"),
    ),
    Attack("an old version permits what is permitted", LIST, RUNS, mirrored(MCP_Protocol_Version="2025-06-18")),
]

SIZES = [
    Attack("10 MB", CREATE.replace(b"stolen", b"x" * 10_000_000), TOO_LARGE, parsed=Parser(413)),
    Attack("10 MB of blanks after a permitted call", LIST + b" " * 10_000_000, TOO_LARGE, parsed=Parser(413)),
    Attack("one byte over 4 MiB", LIST.ljust(4 * MIB + 1), TOO_LARGE, parsed=Parser(413)),
    Attack("exactly 4 MiB", LIST.ljust(4 * MIB), RUNS),
    Attack("forbidden within 4 MiB", CREATE.ljust(3 * MIB), FORBIDDEN),
]

# fmt: on

ATTACKS = [*PLAIN, *BATCHES, *SPELLINGS, *BYTES, *MIRRORS, *SIZES]

# Other spellings of the path of the endpoint /mcp: not routed, or exactly its answer.
PATHS = [
    "/MCP",
    "/Mcp",
    "/mcp/",
    "/%6dcp",
    "/%6Dcp",
    "/mcp%2f",
    "/mcp%2F",
    "/mcp//",
    "//mcp",
    "/./mcp",
    "/x/../mcp",
    "/%2e/mcp",
    "/mcp/.",
    "/mcp/%2e",
    "/mcp;x=1",
    "/mcp%00",
    "/mcp%20",
    "/mcp.json",
    "/mcp?",
    "/mcp?x=1",
    "/mcp?/.well-known/oauth-protected-resource",
    "/mcp%3f",
    "\\mcp",
    "/mcp\\",
    "/mcp/sub",
    "/.well-known/../mcp",
    "/.well-known/oauth-protected-resource/../../mcp",
    "/mcp/.well-known/oauth-protected-resource",
]
