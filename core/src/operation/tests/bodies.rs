//! Which bodies are judged, and which are refused as what.

use super::super::OperationRequest;
use super::{JSON, call, judge, policy, show, token, tool};

#[test]
fn what_is_not_clean_json_is_a_parse_error() {
    let read = tool("read");
    let bom = format!("\u{feff}{read}");
    let utf16: Vec<u8> = read.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut latin1 = tool("read").replace("\"name\"", "\"x\":\"?\",\"name\"").into_bytes();
    let at = latin1.iter().position(|byte| *byte == b'?').unwrap();
    latin1[at] = 0xE9;
    for body in [bom.as_bytes(), &utf16, &latin1, b"", b" ", b"\xff", b"tools/call", b"<xml/>"] {
        assert_eq!(judge(body), "-32700", "{body:?}");
    }
    for body in [
        format!("{read}x"),
        format!("{read}{read}"),
        format!("{read},"),
        format!("[{read},]"),
        format!("[{read}"),
        read.replace('"', "'"),
        read.replace(r#""id":1"#, r#""id":NaN"#),
        read.replace(r#""id":1"#, r#""id":01"#),
        read.replace(r#""id":1"#, "/**/\"id\":1"),
        // duplicates, seen through escapes, wherever they decide
        r#"{"jsonrpc":"2.0","method":"ping","method":"tools/call","params":{"name":"write"}}"#.to_owned(),
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","me\u0074hod":"tools/call"}"#.to_owned(),
        r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}"#.to_owned(),
        r#"{"jsonrpc":"2.0","method":"ping","x":1,"x":1}"#.to_owned(),
        r#"{"jsonrpc":"2.0","method":"ping","params":{},"params":{}}"#.to_owned(),
        call("tools/call", r#"{"name":"read","name":"write"}"#),
        call("tools/call", r#"{"name":"read","n\u0061me":"write"}"#),
        call("tools/call", r#"{"name":"read","arguments":{},"arguments":{}}"#),
        call("completion/complete", r#"{"ref":{"type":"ref/prompt","name":"hello","name":"x"}}"#),
        call(
            "subscriptions/listen",
            r#"{"notifications":{"resourceSubscriptions":[],"resourceSubscriptions":["u:x"]}}"#,
        ),
        call("ping", r#"{"_meta":{"a":1,"a":2}}"#),
        format!("[{},{}]", tool("read"), call("tools/call", r#"{"name":"read","name":"write"}"#)),
        // half a surrogate pair has no UTF-8
        tool("\\ud800"),
    ] {
        assert_eq!(judge(&body), "-32700", "{body}");
    }
    // Bytes before structure: a body with both faults is not clean JSON.
    assert_eq!(judge(r#"[[],{"a":1,"a":2}]"#), "-32700");
}

#[test]
fn what_is_not_a_message_is_an_invalid_request() {
    let batch = |count: usize| format!("[{}]", vec![call("ping", "{}"); count].join(","));
    for body in [
        // no message
        "5".to_owned(),
        "-1.5e3".to_owned(),
        "true".to_owned(),
        "null".to_owned(),
        r#""tools/call""#.to_owned(),
        "{}".to_owned(),
        r#"{"jsonrpc":"2.0","id":1}"#.to_owned(),
        r#"{"jsonrpc":"2.0","id":1,"method":null}"#.to_owned(),
        r#"{"jsonrpc":"2.0","id":1,"method":["tools/call"]}"#.to_owned(),
        r#"{"id":1,"method":"ping"}"#.to_owned(),
        r#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#.to_owned(),
        r#"{"jsonrpc":2.0,"id":1,"method":"ping"}"#.to_owned(),
        // call and response at once
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","result":{}}"#.to_owned(),
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","error":{}}"#.to_owned(),
        // params that are no object
        call("ping", "[]"),
        call("ping", "5"),
        call("ping", r#"{"$serde_json::private::Number":"5"}"#),
        call("tools/call", r#"["write"]"#),
        call("tools/call", "{}"),
        call("ping", r#"{"_meta":[]}"#).replace("ping", "prompts/list"),
        // batches
        "[]".to_owned(),
        "[[]]".to_owned(),
        "[5]".to_owned(),
        format!("[{},null]", tool("read")),
        format!("[[{}]]", tool("read")),
        batch(101),
        // case variants where they decide
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","Method":"tools/call"}"#.to_owned(),
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","PARAMS":{}}"#.to_owned(),
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","Id":2}"#.to_owned(),
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","Result":{}}"#.to_owned(),
        r#"{"jsonrpc":"2.0","JSONRPC":"2.0","id":1,"method":"ping"}"#.to_owned(),
        // the long s and the Kelvin sign, which Go folds, and the dotless i, which Java does
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","param\u017f":{"name":"write"}}"#.to_owned(),
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"param\u{17f}\":{}}".to_owned(),
        call("tools/call", "{\"name\":\"read\",\"ur\u{131}\":\"x\"}"),
        call("tools/call", "{\"name\":\"read\",\"tas\u{212a}Id\":\"x\"}"),
        call("tools/call", r#"{"name":"read","Name":"write"}"#),
        call("tools/call", r#"{"NAME":"read"}"#),
        call("prompts/list", r#"{"Cursor":"x","URI":"x"}"#),
        call("prompts/list", r#"{"ref":{"NAME":"x"}}"#),
        call("tools/call", r#"{"name":"read","Arguments":{}}"#),
        call("tools/call", r#"{"name":"read","_META":{}}"#),
        call("tools/call", r#"{"name":"read","task_id":"x"}"#),
        call("resources/read", r#"{"uri":"todo://items/1","URI":"todo://secret"}"#),
        call("completion/complete", r#"{"ref":{"type":"ref/prompt","name":"hello"},"Ref":{}}"#),
        call("completion/complete", r#"{"ref":{"type":"ref/prompt","name":"hello","Type":"ref/resource"}}"#),
        call("completion/complete", r#"{"ref":{"type":"ref/prompt","name":"hello","Uri":"u:x"}}"#),
        call("subscriptions/listen", r#"{"notifications":{"resource_subscriptions":["u:x"]}}"#),
        call("subscriptions/listen", r#"{"notifications":{"ResourceSubscriptions":["u:x"]}}"#),
        call("prompts/list", r#"{"_meta":{"Name":1}}"#),
        call("prompts/list", r#"{"_meta":{"IO.modelcontextprotocol/protocolVersion":"x"}}"#),
        format!("[{},{}]", tool("read"), call("tools/call", r#"{"name":"read","Name":"write"}"#)),
    ] {
        assert_eq!(judge(&body), "-32600", "{body}");
    }
    assert_eq!(judge(batch(100)), "public");
}

#[test]
fn what_does_not_decide_is_left_to_the_server() {
    let deep = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
    for arguments in [
        r#"{"Name":1,"name":2,"name":3}"#,
        r#"{"a":"\ud800","b":1e400,"c":-0.0}"#,
        r#"{"$serde_json::private::Number":"x","$serde_json::private::RawValue":"}"}"#,
        &deep,
    ] {
        let params = format!(r#"{{"other":{arguments},"arguments":{arguments},"name":"read"}}"#);
        assert_eq!(judge(call("tools/call", &params)), "base read", "{arguments}");
    }
    for extra in [r#""x":{"method":1}"#, r#""names":1"#, r#""_method":1"#, r#""":1"#] {
        assert_eq!(judge(tool("read").replacen('{', &format!("{{{extra},"), 1)), "base read", "{extra}");
    }
    assert_eq!(judge(call("example/x", r#"{"ref":"main","notifications":[1],"meta":{}}"#)), "base");
}

#[test]
fn a_parsed_body_has_only_structure() {
    let parsed = |body: &str| {
        show(policy().judge(&OperationRequest::new("POST", [JSON], body.as_bytes()).parsed(), Some(&token())))
    };
    assert_eq!(parsed(&tool("write")), "base write");
    assert_eq!(parsed("{"), "-32600");
    assert_eq!(parsed("[]"), "-32600");
    let request = OperationRequest::new("POST", [], b"{}").parsed();
    assert_eq!(show(policy().judge(&request, Some(&token()))), "body_unsupported");
}

/// Bodies cut, spliced and altered at random. Whatever is judged at all must be judged as the
/// value that a plain parser makes of it.
#[test]
fn no_body_panics_or_is_judged_as_another() {
    let seeds = [
        tool("write"),
        call("tools/call", r#"{"name":"fn","arguments":{"a":[1,{"b":"\u00e9"}]}}"#),
        call("completion/complete", r#"{"ref":{"type":"ref/resource","uri":"todo://items/{id}"}}"#),
        call("subscriptions/listen", r#"{"notifications":{"resourceSubscriptions":["todo://items/1"]}}"#),
        format!(
            "[{},{}]",
            tool("read"),
            call("resources/read", r#"{"uri":"todo://secret","_meta":{"a":null}}"#)
        ),
    ];
    let alphabet = br#"{}[]:,"\ue0aAnN 1.-/~%"#;
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below as u64).unwrap()
    };
    let (policy, token) = (policy(), token());
    let mut judged = 0;
    for _ in 0..20_000 {
        let mut body = seeds[random(seeds.len())].clone().into_bytes();
        for _ in 0..=random(3) {
            let at = random(body.len());
            match random(5) {
                0 => body[at] = alphabet[random(alphabet.len())],
                1 => body.insert(at, alphabet[random(alphabet.len())]),
                2 => drop(body.remove(at)),
                3 => body[at] = u8::try_from(random(256)).unwrap(),
                _ => {
                    let from = random(at + 1);
                    let copy = body[from..=at].to_vec();
                    body.splice(at..at, copy);
                }
            }
            body.extend((body.is_empty()).then_some(b' '));
        }
        let Ok(needs) = policy.judge(&OperationRequest::new("POST", [JSON], &body), Some(&token)) else {
            continue;
        };
        judged += 1;
        // Arguments may hold what `Value` refuses, such as half a surrogate pair.
        let Ok(value) = serde_json::from_slice::<serde_json::Value>(&body) else { continue };
        let single = [value.clone()];
        for message in value.as_array().map_or(&single[..], |items| items) {
            if message["method"] == "tools/call" {
                let needed = match message["params"]["name"].as_str().unwrap() {
                    "read" => "read",
                    "write" => "write",
                    "fn" => "fn:",
                    _ => {
                        assert!(!needs.allowed);
                        continue;
                    }
                };
                assert!(needs.requirement.scopes().to_string().contains(needed));
            }
        }
    }
    assert!(judged > 1000, "{judged}");
}
