//! The program itself: arguments, streams, exit codes.

use mcp_bearer::cli::{self, Streams};
use mcp_bearer::testing::Issuer;

fn run(arguments: &[&str], input: &str, color: bool) -> (u8, String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut streams = Streams::new(input.as_bytes(), &mut out, &mut err).color(color);
    let code = cli::run(arguments.iter().map(Into::into), &mut streams);
    drop(streams);
    (code, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
}

#[test]
fn wrong_usage_is_2_and_says_what() {
    for (arguments, word) in [
        (&[][..], "command"),
        (&["heal"], "doctor, decode and dev"),
        (&["--heal"], "--heal"),
        (&["doctor"], "URL"),
        (&["doctor", "mcp.example.com"], "URL"),
        (&["doctor", "ftp://mcp.example.com"], "https://"),
        (&["doctor", "https://a", "https://b"], "too many"),
        (&["doctor", "https://a", "--token"], "needs a value"),
        (&["doctor", "https://a", "--token", "x", "--token-file", "y"], "one token"),
        (&["doctor", "https://a", "--token", "-"], "no token"),
        (&["doctor", "https://a", "--token-file", "/does/not/exist"], "token file"),
        (&["doctor", "https://a", "--ca-file", "/does/not/exist"], "cannot be read"),
        (&["doctor", "https://a", "--issuer", "auth"], "--issuer"),
        (&["decode", "a", "b"], "too many"),
        (&["decode", "-"], "no token"),
    ] {
        let (code, out, err) = run(arguments, "", false);
        assert_eq!((code, out.as_str()), (2, ""), "{arguments:?}");
        assert!(err.contains(word), "{arguments:?}: {err}");
    }
}

#[test]
fn help_names_every_command() {
    let (code, out, _) = run(&["--help"], "", false);
    assert_eq!(code, 0);
    for command in ["doctor", "decode", "dev"] {
        assert!(out.contains(command));
        let (code, help, _) = run(&[command, "--help"], "", false);
        assert!(code == 0 && help.starts_with(&format!("mcp-bearer {command}")), "{help}");
    }
    assert!(run(&["--version"], "", false).1.contains(env!("CARGO_PKG_VERSION")));
}

#[test]
fn people_get_a_table_in_colour_if_they_can_see_it() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("http://127.0.0.1:{port}");
    let (code, plain, _) = run(&["doctor", &url], "", false);
    assert_eq!(code, 1);
    assert!(
        plain.contains("unreachable")
            && plain.contains("-> Start the server")
            && plain.contains("1 error, 0 warnings")
    );
    assert!(!plain.contains('\u{1b}'));
    assert!(run(&["doctor", &url], "", true).1.contains("\u{1b}[1;31merror"));
    assert!(!run(&["doctor", &url, "--no-color"], "", true).1.contains('\u{1b}'));
}

#[test]
fn decode_shows_all_but_the_signature() {
    let token = Issuer::new("https://auth.example.com")
        .token("res_1")
        .claim("name", "\u{1b}[2J\u{202e}\u{e0041}")
        .mint();
    let signature = token.rsplit('.').next().unwrap();
    for (arguments, input) in [
        (&["decode", &token][..], ""),
        (&["decode"], &format!("Bearer {token}\n")),
        (&["decode", "-"], &token),
    ] {
        let (code, out, err) = run(arguments, input, false);
        assert_eq!((code, err.as_str()), (0, ""));
        for part in [
            "UNVERIFIED",
            "\"alg\": \"EdDSA\"",
            "\"iss\": \"https://auth.example.com\"",
            "GMT",
            "in 5 minutes",
        ] {
            assert!(
                out.contains(part) || part == "in 5 minutes" && out.contains("in 4 minutes"),
                "{part}: {out}"
            );
        }
        assert!(out.contains(r"\u001b[2J\u202e\udb40\udc41"), "{out}");
        assert!(!out.contains(signature) && !out.contains('\u{1b}') && !out.contains('\u{202e}'));
    }
    let (code, out, err) = run(&["decode", "secret"], "", false);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(err.contains("opaque") && !err.contains("secret"));
}
