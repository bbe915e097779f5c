//! Sends requests over connections that are kept alive, one at a time on each.
//!
//! ```text
//! load PORT PATH COUNT CONNECTIONS [BODY]
//! ```
//!
//! Standard input has one token on each line. The first is for requests that open the connections; the
//! others, up to an empty line, are used in turn: as many as requests, if the server is to see none
//! twice. With a body, a file, the requests are POSTs of it.
//!
//! Says `ready`, waits for one more line, sends COUNT requests, and says as JSON how long they took.
//! Fails unless every answer is a 200.

use std::cell::Cell;
use std::error::Error;
use std::rc::Rc;
use std::time::Instant;
use std::{env, fs, io};

use hdrhistogram::Histogram;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::{JoinSet, LocalSet};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    LocalSet::new().run_until(load()).await
}

async fn load() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [port, path, count, connections, body @ ..] = &arguments[..] else {
        return Err("load PORT PATH COUNT CONNECTIONS [BODY]".into());
    };
    let template = Template::new(path, body.first())?;
    let opening = template.requests(io::stdin().lines().take(1))?;
    let requests = template.requests(io::stdin().lines())?;

    let mut open = vec![];
    for _ in 0..connections.parse()? {
        open.push(Connection::open(port.parse()?).await?);
    }
    let (open, _) = send(open, opening, 10 * connections.parse::<usize>()?).await?;
    println!("ready");
    io::stdin().read_line(&mut String::new())?;
    let (_, took) = send(open, requests, count.parse()?).await?;

    let ms = |quantile| took.value_at_quantile(quantile) as f64 / 1e6;
    println!("{}", json!({ "p50": ms(0.5), "p99": ms(0.99) }));
    Ok(())
}

/// A request but for its token.
struct Template {
    head: String,
    body: Vec<u8>,
}

impl Template {
    fn new(path: &str, body: Option<&String>) -> Result<Self> {
        let Some(file) = body else {
            return Ok(Self { head: format!("GET {path} HTTP/1.1\r\n"), body: vec![] });
        };
        let body = fs::read(file)?;
        let length = body.len();
        let content = format!("Content-Type: application/json\r\nContent-Length: {length}\r\n");
        Ok(Self { head: format!("POST {path} HTTP/1.1\r\n{content}"), body })
    }

    /// What is sent, to the byte, so that nothing is made while it is measured.
    fn requests(&self, tokens: impl Iterator<Item = io::Result<String>>) -> Result<Rc<[Vec<u8>]>> {
        let mut requests = vec![];
        for token in tokens {
            let token = token?;
            if token.is_empty() {
                break;
            }
            let fields = format!(
                "Host: 127.0.0.1\r\nAccept: application/json\r\nAuthorization: Bearer {token}\r\n\r\n"
            );
            requests.push([self.head.as_bytes(), fields.as_bytes(), &self.body].concat());
        }
        Ok(requests.into())
    }
}

/// Sends so many requests, over all connections at once.
async fn send(
    connections: Vec<Connection>,
    requests: Rc<[Vec<u8>]>,
    count: usize,
) -> Result<(Vec<Connection>, Histogram<u64>)> {
    let next = Rc::new(Cell::new(0));
    let mut sending = JoinSet::new();
    for mut connection in connections {
        let (requests, next) = (requests.clone(), next.clone());
        sending.spawn_local(async move {
            let took = connection.send(&requests, &next, count).await.map_err(|error| error.to_string());
            took.map(|took| (connection, took))
        });
    }
    let mut all = Histogram::new(3)?;
    let mut connections = vec![];
    while let Some(sent) = sending.join_next().await {
        let (connection, took) = sent??;
        connections.push(connection);
        all.add(took)?;
    }
    Ok((connections, all))
}

struct Connection {
    stream: TcpStream,
    answer: Vec<u8>,
}

impl Connection {
    async fn open(port: u16) -> Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, answer: vec![0; 16 * 1024] })
    }

    /// Takes the next request when the one before is answered, until all are sent.
    async fn send(
        &mut self,
        requests: &[Vec<u8>],
        next: &Cell<usize>,
        count: usize,
    ) -> Result<Histogram<u64>> {
        let mut took = Histogram::new(3)?;
        loop {
            let number = next.replace(next.get() + 1);
            if number >= count {
                return Ok(took);
            }
            let began = Instant::now();
            self.stream.write_all(&requests[number % requests.len()]).await?;
            self.receive().await?;
            took.record(u64::try_from(began.elapsed().as_nanos())?)?;
        }
    }

    /// Reads one answer, which says its length and fits the buffer.
    async fn receive(&mut self) -> Result<()> {
        let mut filled = 0;
        loop {
            let read = self.stream.read(&mut self.answer[filled..]).await?;
            filled += read;
            let answer = &self.answer[..filled];
            match length(answer)? {
                Some(length) if length == filled => return Ok(()),
                None if read > 0 => {}
                Some(length) if read > 0 && length > filled => {}
                _ => return Err(format!("not one answer: {}", text(answer)).into()),
            }
        }
    }
}

/// How long an answer is, if its head has arrived.
fn length(bytes: &[u8]) -> Result<Option<usize>> {
    let mut fields = [httparse::EMPTY_HEADER; 32];
    let mut response = httparse::Response::new(&mut fields);
    let httparse::Status::Complete(head) = response.parse(bytes)? else { return Ok(None) };
    if response.code != Some(200) {
        return Err(text(bytes).into());
    }
    let field = response.headers.iter().find(|field| field.name.eq_ignore_ascii_case("content-length"));
    let length = field.ok_or_else(|| format!("no length: {}", text(bytes)))?.value;
    Ok(Some(head + str::from_utf8(length)?.parse::<usize>()?))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
