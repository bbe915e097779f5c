//! The one spelling of a URI in which it is compared.
//!
//! A server takes a URI apart before it acts: it resolves dots, decodes escapes, drops what a URL
//! parser drops. Two spellings can therefore be one resource, and a rule that sees the spelling
//! could be walked around. Only a URI that none of this changes has a canonical form; any other is
//! judged by its exact spelling or not at all.

use std::borrow::Cow;

use url::Url;

/// The form in which a URI is compared: itself, with characters beyond ASCII percent-encoded.
/// `None` if some server might read it as another URI.
pub(super) fn canonical(uri: &str) -> Option<Cow<'_, str>> {
    let canonical = canonical_start(uri, uri)?;
    Url::parse(&canonical).is_ok().then_some(canonical)
}

/// The start that a rule covers, in canonical form; without the slash that ends it, so that
/// `todo://items/` covers `todo://items` too.
pub(super) fn canonical_prefix(prefix: &str) -> Option<Cow<'_, str>> {
    if prefix.contains(['?', '#']) {
        return None;
    }
    Some(match canonical_start(prefix, prefix)? {
        Cow::Borrowed(text) => Cow::Borrowed(trim_slash(text)),
        Cow::Owned(text) => Cow::Owned(trim_slash(&text).to_owned()),
    })
}

/// What every expansion of a template (RFC 6570) starts with, in canonical form.
pub(super) fn canonical_stem(template: &str) -> Option<Cow<'_, str>> {
    template.split('{').next().and_then(|stem| canonical_start(stem, template))
}

/// The canonical form of what `whole` starts with.
fn canonical_start<'a>(start: &'a str, whole: &str) -> Option<Cow<'a, str>> {
    if !is_clean(whole, start.len() < whole.len()) || !authority(start).is_none_or(is_plain) {
        return None;
    }
    let encoded = encode(start);
    // WHATWG URL, as in Node and pydantic: scheme and host in lower case, no default port. The slash
    // that it gives to an empty path is ignored in comparisons. A start may end before its host does,
    // and then it is none yet.
    match Url::parse(&encoded) {
        Ok(parsed) if !matches!(parsed.as_str().strip_prefix(&*encoded), Some("" | "/")) => None,
        Ok(_) | Err(_) => Some(encoded),
    }
}

/// Whether the authority has a port. It names another server to some readers; to those that see but
/// a name in it, or drop what they do not expect, the same.
pub(super) fn has_port(uri: &str) -> bool {
    authority(uri)
        .is_some_and(|authority| authority.rsplit(']').next().is_some_and(|host| host.contains(':')))
}

/// RFC 3986 section 3.2.
fn authority(uri: &str) -> Option<&str> {
    let (_, rest) = uri.split_once(':')?;
    rest.strip_prefix("//")?.split(['/', '?', '#']).next()
}

/// Whether an authority is spelt in the one way in which all readers take it: in lower case (RFC 3986
/// section 6.2.2.1), without the dot of the DNS root, and without escapes but of characters beyond
/// ASCII.
fn is_plain(authority: &str) -> bool {
    let mut parts = authority.split('%');
    let is_lower = |text: &str| !text.contains(|c: char| c.is_ascii_uppercase());
    parts.next().is_some_and(is_lower)
        && parts.all(|part| part >= "8" && part.get(2..).is_some_and(is_lower))
        && !authority.ends_with('.')
        && !authority.contains(".:")
}

/// Without one slash at the end, unless it belongs to `scheme://`.
pub(super) fn trim_slash(uri: &str) -> &str {
    uri.strip_suffix('/').filter(|rest| !rest.ends_with(['/', ':'])).unwrap_or(uri)
}

/// Without query and fragment.
pub(super) fn path(uri: &str) -> &str {
    uri.split(['?', '#']).next().unwrap_or_default()
}

/// Whether the prefix ends where a segment of the path does.
pub(super) fn covers(prefix: &str, path: &str) -> bool {
    path.strip_prefix(prefix)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || prefix.ends_with('/'))
}

/// An absolute URI (RFC 3986 section 4.3, but with a fragment, with characters beyond ASCII, and
/// if so wanted with braces) with nothing in it that normalization or careless decoding would
/// change.
fn is_clean(uri: &str, braces: bool) -> bool {
    let Some((scheme, rest)) = uri.split_once(':') else {
        return false;
    };
    let scheme_is_lower_case = scheme.starts_with(|c: char| c.is_ascii_lowercase())
        && scheme.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"+-.".contains(&b));
    // Empty segments vanish in file systems.
    let hierarchy = rest.strip_prefix("//").unwrap_or(rest);
    scheme_is_lower_case
        && !path(hierarchy).contains("//")
        // The name of a user before the host.
        && !authority(uri).is_some_and(|authority| authority.contains('@'))
        && rest.chars().all(|c| is_allowed(c, braces))
        && has_clean_escapes(rest)
        && !has_dot_segment(rest)
}

fn is_allowed(c: char, braces: bool) -> bool {
    match c {
        '{' | '}' => braces,
        '"' | '<' | '>' | '\\' | '^' | '`' | '|' => false,
        c => !c.is_control() && !c.is_whitespace(),
    }
}

/// RFC 3986 section 6.2.2: upper-case hexadecimal digits, and nothing escaped that need not be;
/// nor a slash, a backslash, a control, or an escape.
fn has_clean_escapes(text: &str) -> bool {
    let mut parts = text.split('%');
    parts.next();
    parts.all(|part| {
        let mut digits = part.bytes().map(|byte| match byte {
            b'0'..=b'9' => Some(byte - b'0'),
            b'A'..=b'F' => Some(byte - b'A' + 10),
            _ => None,
        });
        let (Some(Some(high)), Some(Some(low))) = (digits.next(), digits.next()) else {
            return false;
        };
        match high << 4 | low {
            b'%' => !part.bytes().skip(2).take(2).all(|byte| byte.is_ascii_hexdigit()) || part.len() < 4,
            b'/' | b'\\' | b'-' | b'.' | b'_' | b'~' | 0x7F => false,
            byte => byte >= 0x20 && !byte.is_ascii_alphanumeric(),
        }
    })
}

/// A run of dots that stands alone, between whatever delimiters. (An escaped dot is refused above.)
fn has_dot_segment(text: &str) -> bool {
    let joins = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '~' | '.') || !c.is_ascii();
    text.split(|c| !joins(c)).any(|run| !run.is_empty() && run.bytes().all(|byte| byte == b'.'))
}

/// Characters beyond ASCII in the form that URL parsers give them.
fn encode(uri: &str) -> Cow<'_, str> {
    use std::fmt::Write;

    if uri.is_ascii() {
        return Cow::Borrowed(uri);
    }
    let mut encoded = String::with_capacity(uri.len() * 3);
    for c in uri.chars() {
        if c.is_ascii() {
            encoded.push(c);
        } else {
            for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                let _ = write!(encoded, "%{byte:02X}");
            }
        }
    }
    Cow::Owned(encoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_uris_are_canonical() {
        for uri in [
            "todo://items",
            "todo://items/5",
            "todo://items/5?done=false&next=https://x#top",
            "todo://items/A.b..c/.hidden/v1.",
            "todo://items/a%20b%2Cc%26",
            "todo:items",
            "urn:todo:items:5",
            "file:///home/x.txt",
            "https://host",
            "https://host/",
            "https://host:8443/a",
            "todo://items:8/a:9",
            "todo://items/@me",
            "todo:items?next=https://u@HOST:8/",
            "mailto:a@host",
            "note:///%E3%81%82",
            "x-y.z+1://a",
            "todo://items/100%25",
            "todo://items/100%25-x",
        ] {
            assert_eq!(canonical(uri).as_deref(), Some(uri));
        }
        assert_eq!(canonical("note:///caf\u{e9}").as_deref(), Some("note:///caf%C3%A9"));
        assert_eq!(canonical("note://caf\u{e9}/x").as_deref(), Some("note://caf%C3%A9/x"));
    }

    #[test]
    fn what_a_server_might_read_otherwise_is_not() {
        for uri in [
            // no URI
            "",
            "items",
            "/etc/passwd",
            ":x",
            "1todo://x",
            "//host/x",
            // dot segments, plain, escaped, in a query, beside other delimiters
            "todo://a/../b",
            "todo://a/./b",
            "todo://a/..",
            "todo://../a",
            "todo:..",
            "todo://a/...",
            "todo://a/..;/b",
            "todo://a?x=../b",
            "todo://a#/../b",
            "todo://a/%2e%2e/b",
            "todo://a/%2E%2E/b",
            "todo://a/.%2E/b",
            // slashes and backslashes
            "todo://a%2Fb",
            "todo://a%2fb",
            "todo://a\\b",
            "todo://a%5Cb",
            "todo://a%5cb",
            "todo://a//b",
            "todo:////a",
            // controls and white space
            "todo://a b",
            " todo://a",
            "todo://a\n",
            "todo://a\tb",
            "todo://a\u{0}",
            "todo://a\u{7f}",
            "todo://a\u{85}",
            "todo://a\u{a0}b",
            "todo://a\u{2028}b",
            "todo://a%00",
            "todo://a%0A",
            "todo://a%7F",
            "todo://a%1f",
            // escapes that need not be, twice escaped, or malformed
            "todo://%61dmin",
            "todo://%41dmin",
            "todo://a%2D",
            "todo://a%5F",
            "todo://a%7E",
            "todo://a%30",
            "todo://a%252F",
            "todo://a%252e",
            "todo://a%",
            "todo://a%2",
            "todo://a%GG",
            "todo://a%c3%a9",
            // what URL parsers rewrite
            "TODO://a",
            "Https://host/a",
            "https://HOST/a",
            "https://host:443/a",
            "http://host:80/",
            "https:/host/a",
            "https:host/a",
            "https:///host/a",
            "https://h\u{f6}st/a",
            "https://host/a{b}",
            "https://0x7f.1/",
            // what names the same host, or might
            "https://@host/a",
            "https://u@host/a",
            "todo://u@items/1",
            "todo://u:p@items",
            "todo://u%40items/1",
            "todo://items%3A8/1",
            "todo://Items/1",
            "todo://iteM%C3%A9/1",
            "todo://items%C3%A9S",
            "todo://items./1",
            "todo://items.",
            "todo://items.:8/1",
            "https://host./a",
            "https://host:0443/a",
            "todo://a/{id}",
            "todo://a/<b>",
            "todo://a/\"b",
            "file:///C|/x",
            "https://",
            "todo://a^b|",
        ] {
            assert_eq!(canonical(uri), None, "{uri:?}");
        }
    }

    #[test]
    fn prefixes_and_paths() {
        for (prefix, expected) in [
            ("todo://", "todo://"),
            ("todo://items/", "todo://items"),
            ("todo://items", "todo://items"),
            ("file:///", "file:///"),
            ("https://", "https://"),
            ("https://host/", "https://host"),
            ("note:///\u{e9}/", "note:///%C3%A9"),
        ] {
            assert_eq!(canonical_prefix(prefix).as_deref(), Some(expected), "{prefix}");
        }
        for prefix in [
            "",
            "items/",
            "todo://a/../",
            "todo://a?x",
            "todo://a#x",
            "TODO://",
            "https://HOST/",
            "todo://Items/",
            "todo://u@items/",
            "todo://items./",
            "todo://{x}",
        ] {
            assert_eq!(canonical_prefix(prefix), None, "{prefix}");
        }
        for ported in ["todo://items:8", "todo://items:8/1", "https://[::1]:8443/a", "https://host:4"] {
            assert!(has_port(ported), "{ported}");
        }
        for other in
            ["todo://items", "todo://items/a:8", "https://[::1]/a", "todo:items:8", "todo:x://y:8", "todo://"]
        {
            assert!(!has_port(other), "{other}");
        }
        assert!(covers("todo://items", "todo://items"));
        assert!(covers("todo://items", "todo://items/5"));
        assert!(!covers("todo://items", "todo://items2"));
        assert!(!covers("todo://items", "todo://item"));
        assert!(covers("todo://", "todo://items"));
        assert!(covers("file:///", "file:///x"));
        assert_eq!(path("todo://a/b?c#d"), "todo://a/b");
        assert_eq!(trim_slash("todo://a/"), "todo://a");
        assert_eq!(trim_slash("todo://"), "todo://");
    }

    #[test]
    fn stems_of_templates() {
        for (template, stem) in [
            ("todo://items/{id}", "todo://items/"),
            ("todo://{user}/items", "todo://"),
            ("todo://list{?done}", "todo://list"),
            ("todo://items/5", "todo://items/5"),
            ("note:///\u{e9}/{x}", "note:///%C3%A9/"),
            ("https://{Host}/x", "https://"),
            ("https://host:8443/{x}", "https://host:8443/"),
            ("https://host{x}", "https://host"),
        ] {
            assert_eq!(canonical_stem(template).as_deref(), Some(stem), "{template}");
        }
        for template in [
            "{x}",
            "todo://a\u{0}/{x}",
            "todo://a/{x}/../b",
            "TODO://{x}",
            "todo://a\\{x}",
            "todo://a/%2e%2e/{x}",
            "https://HOST/{x}",
            "todo://Items/{x}",
            "https://host:443/{x}",
            "https://u@host/{x}",
            "https://h{x}@host/",
            "https://host./{x}",
            "https://host.{/x}",
        ] {
            assert_eq!(canonical_stem(template), None, "{template}");
        }
    }
}
