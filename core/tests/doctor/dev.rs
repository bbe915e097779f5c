//! The issuer for development: a token of it is good for a server that trusts it.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::thread;

use mcp_bearer::cli::{self, Streams};
use mcp_bearer::{Decision, Request, Requirement, ResourceServer};

struct Running {
    origin: String,
    token: String,
}

/// Until the end of the tests.
fn start(arguments: &'static [&'static str]) -> Running {
    let (reader, writer) = io::pipe().unwrap();
    thread::spawn(move || {
        let mut streams = Streams::new(io::empty(), writer, io::sink());
        cli::run(arguments.iter().map(Into::into), &mut streams)
    });
    let mut lines = BufReader::new(reader).lines().map(Result::unwrap);
    assert_eq!(lines.next().unwrap(), "export MCP_SERVER_URL=https://mcp.example.com/mcp");
    let issuers = lines.next().unwrap();
    let origin = issuers.strip_prefix("export MCP_BEARER_ISSUERS=").unwrap().to_owned();
    let token = lines.find_map(|line| line.strip_prefix("TOKEN=").map(str::to_owned)).unwrap();
    // Whoever closes the pipe earlier ends the program.
    assert!(lines.any(|line| line.starts_with("TOKEN=$(curl -s")));
    Running { origin, token }
}

impl Running {
    fn ask(&self, request: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(self.origin.strip_prefix("http://").unwrap()).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }

    fn get(&self, path: &str) -> (u16, String) {
        self.ask(&format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"))
    }

    fn post(&self, path: &str, form: &str) -> (u16, String) {
        self.ask(&format!(
            "POST {path} HTTP/1.1\r\nHost: 127.0.0.1:1\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{form}",
            form.len()
        ))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn its_tokens_are_good_for_a_server_that_trusts_it() {
    let dev =
        start(&["dev", "--port", "0", "--resource", "https://mcp.example.com/mcp", "--scope", "todo:read"]);
    let server =
        ResourceServer::builder("https://mcp.example.com/mcp").issuer(dev.origin.clone()).build().unwrap();
    let read = Requirement::scope("todo:read").unwrap();
    let (status, minted) = dev.post("/mint", "subject=somebody");
    assert_eq!(status, 200);
    for (token, subject) in [(&dev.token, "developer"), (&minted, "somebody")] {
        let header = format!("Bearer {token}");
        match server.authorize(&Request::new("GET", "/").authorization(header.as_bytes()), &read).await {
            Decision::Allowed { token, .. } => assert_eq!(token.subject(), Some(subject)),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn what_it_is_not_for_is_refused() {
    let dev = start(&["dev", "--port", "0", "--resource", "https://mcp.example.com/mcp"]);
    assert_eq!(dev.get("/.well-known/oauth-authorization-server").0, 200);
    assert_eq!(dev.get("/token").0, 405);
    assert_eq!(dev.get("/").0, 404);
    assert_eq!(dev.post("/token", "expires_in=0").0, 400);
    assert_eq!(dev.post("/token", "scope=offline_access").0, 400);
    assert_eq!(dev.post("/token", &"x".repeat(20_000)).0, 413);
    let rebound = "GET /jwks HTTP/1.1\r\nHost: evil.example.com\r\nConnection: close\r\n\r\n";
    assert_eq!(dev.ask(rebound).0, 403);
    let (status, body) = dev.post("/token", "scope=a%20b&expires_in=60");
    assert_eq!(status, 200);
    assert!(body.contains(r#""expires_in":60"#) && body.contains(r#""scope":"a b""#), "{body}");
}
