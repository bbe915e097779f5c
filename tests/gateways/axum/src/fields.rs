//! Which header fields pass the gateway.

use axum::http::HeaderMap;
use axum::http::header::{
    AUTHORIZATION, CONNECTION, CONTENT_LENGTH, COOKIE, EXPECT, FORWARDED, HOST, HeaderName,
    PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE, WWW_AUTHENTICATE,
};

pub(crate) fn of_request(mut fields: HeaderMap) -> HeaderMap {
    remove_hop_by_hop(&mut fields);
    remove_prefixed(&mut fields, "x-forwarded-");
    for name in PRIVATE.into_iter().chain(OF_THE_MESSAGE) {
        fields.remove(name);
    }
    fields
}

/// A challenge of the server behind would send the client to the wrong authorization server, and
/// which pages may read the answer is said by the gateway.
pub(crate) fn of_response(mut fields: HeaderMap) -> HeaderMap {
    remove_hop_by_hop(&mut fields);
    remove_prefixed(&mut fields, "access-control-");
    fields.remove(WWW_AUTHENTICATE);
    fields
}

fn remove_hop_by_hop(fields: &mut HeaderMap) {
    let named: Vec<HeaderName> = fields
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in named.into_iter().chain(HOP_BY_HOP) {
        fields.remove(name);
    }
}

fn remove_prefixed(fields: &mut HeaderMap, prefix: &str) {
    let names: Vec<_> = fields.keys().filter(|name| name.as_str().starts_with(prefix)).cloned().collect();
    for name in names {
        fields.remove(name);
    }
}

/// They concern one connection (RFC 9110 section 7.6.1).
const HOP_BY_HOP: [HeaderName; 9] = [
    CONNECTION,
    HeaderName::from_static("keep-alive"),
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    HeaderName::from_static("proxy-connection"),
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// The client's credentials, and what it says about who it is.
const PRIVATE: [HeaderName; 4] = [AUTHORIZATION, HeaderName::from_static("dpop"), COOKIE, FORWARDED];

/// Written anew for the request that is sent on.
const OF_THE_MESSAGE: [HeaderName; 3] = [HOST, CONTENT_LENGTH, EXPECT];
