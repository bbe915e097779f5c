//! Over real loopback sockets: what only a network can show.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

/// Serves one connection, after the request has come in whole; answers with what it said.
fn serve(answer: impl FnOnce(TcpStream) + Send + 'static) -> (String, thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/keys", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            assert_eq!(stream.read(&mut byte).unwrap(), 1);
            request.push(byte[0]);
        }
        answer(stream);
        String::from_utf8(request).unwrap()
    });
    (url, server)
}

fn canned(answer: &str) -> (String, thread::JoinHandle<String>) {
    let answer = answer.to_owned();
    serve(move |mut stream| stream.write_all(answer.as_bytes()).unwrap())
}

async fn get(url: &str, timeout: Duration, max_bytes: usize) -> Result<FetchResponse, FetchError> {
    let fetch = HttpFetch::new(&[], None, None).unwrap();
    fetch.fetch(FetchRequest::new(url, timeout, max_bytes)).await
}

#[tokio::test]
async fn a_plain_answer() {
    let (url, server) =
        canned("HTTP/1.1 203 Fine\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}");
    let response = get(&url, 10 * SECOND, 2).await.unwrap();
    assert_eq!((response.status, response.body.as_slice()), (203, &b"{}"[..]));
    assert_eq!(response.headers.get("content-type").unwrap(), "application/json");
    let request = server.join().unwrap().to_ascii_lowercase();
    assert!(request.starts_with("get /keys http/1.1\r\n"), "{request}");
    assert!(request.contains("\r\naccept-encoding: identity\r\n"), "{request}");
    assert!(!request.contains("cookie") && !request.contains("authorization"), "{request}");
}

#[tokio::test]
async fn redirects_and_coded_bodies_are_reported_as_they_are() {
    let (url, _server) = canned(
        "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-encoding: gzip\r\ncontent-length: 2\r\n\r\n{}",
    );
    let response = get(&url, 10 * SECOND, 100).await.unwrap();
    assert_eq!((response.status, response.body.as_slice()), (302, &b"{}"[..]));
    assert_eq!(response.headers.get("content-encoding").unwrap(), "gzip");
}

#[tokio::test]
async fn a_body_over_the_limit_is_cut_off() {
    let (url, _server) = canned("HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n");
    assert_eq!(get(&url, 10 * SECOND, 999_999).await.unwrap_err(), FetchError::TooLarge, "announced");

    let (url, _server) = serve(|mut stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
        // Without an end: only a reader that stops makes this fail.
        while stream.write_all(format!("400\r\n{}\r\n", "x".repeat(0x400)).as_bytes()).is_ok() {}
    });
    assert_eq!(get(&url, 60 * SECOND, 100_000).await.unwrap_err(), FetchError::TooLarge, "unannounced");
}

#[tokio::test]
async fn a_server_that_drips_is_cut_off() {
    let (url, _server) = serve(|mut stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n");
        while stream.write_all(b"x").is_ok() {
            thread::sleep(Duration::from_millis(5));
        }
    });
    assert_eq!(get(&url, SECOND / 10, 100_000).await.unwrap_err(), FetchError::Timeout);
}

#[tokio::test]
async fn failures_have_names() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    assert_eq!(get(&url, 10 * SECOND, 1).await.unwrap_err(), FetchError::Connect);
    let (url, _server) = canned("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{}");
    assert_eq!(get(&url, 10 * SECOND, 100).await.unwrap_err(), FetchError::Reset, "broken off");
}

#[test]
fn wrong_files_and_proxies_are_named() {
    let setting = |ca: &[PathBuf], proxy| HttpFetch::new(ca, proxy, None).unwrap_err().setting;
    assert_eq!(setting(&["/does/not/exist".into()], None), "ca_file");
    let here = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"));
    assert_eq!(setting(&[here], None), "ca_file", "no certificate in it");
    for proxy in ["", "http://", "socks5://proxy:1080", "ftp://proxy", "http://proxy:99999"] {
        assert_eq!(setting(&[], Some(proxy)), "proxy", "{proxy}");
    }
    for proxy in ["proxy:3128", "http://user:secret@proxy:3128/", "https://proxy"] {
        let fetch = HttpFetch::new(&[], Some(proxy), Some("localhost,.internal")).unwrap();
        assert!(fetch.build().is_ok());
        assert!(!format!("{fetch:?}").contains("secret"));
    }
}
