//! Which hosts are asked. Whoever is asked about names others, and could name any in the network of
//! whoever asks: a host there is asked only if it is meant.

use std::collections::HashSet;
use std::error::Error;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// What whoever asks has named, and where it turned out to be.
#[derive(Debug)]
pub(super) struct Network {
    asked: String,
    direct: bool,
    /// Hosts that are meant, wherever they are.
    issuers: HashSet<String>,
    /// Whether `asked` is in there, and with it whatever it names.
    inside: AtomicBool,
    /// Hosts that somebody else has named.
    others: Mutex<HashSet<String>>,
}

/// A host is in there that nobody has meant.
#[derive(Debug)]
pub(super) struct Internal;

impl Network {
    pub(super) fn new(asked: &str, issuers: &[String]) -> Arc<Self> {
        Arc::new(Self {
            direct: is_internal(asked) || issuers.iter().any(|issuer| is_internal(issuer)),
            asked: host(asked).unwrap_or_default(),
            issuers: issuers.iter().filter_map(|issuer| host(issuer)).collect(),
            inside: is_internal(asked).into(),
            others: Mutex::default(),
        })
    }

    /// To be asked of each URL before it is fetched: what its name leads to is known only then.
    pub(super) fn admit(&self, url: &str) -> Result<(), Internal> {
        let Some(host) = host(url) else { return Ok(()) };
        if host == self.asked || self.issuers.contains(&host) || self.inside.load(Ordering::Relaxed) {
            return Ok(());
        }
        if is_internal(url) {
            return Err(Internal);
        }
        if let Ok(mut others) = self.others.lock() {
            others.insert(host);
        }
        Ok(())
    }

    /// Whether something is meant that only its neighbours know, going by names.
    pub(super) fn is_direct(&self) -> bool {
        self.direct
    }

    /// The addresses that may be connected to. Names that were never admitted are those of proxies.
    fn choose(&self, name: &str, mut addresses: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, Internal> {
        let is_internal = |address: &SocketAddr| is_internal_ip(address.ip());
        if name == self.asked && addresses.iter().any(is_internal) {
            self.inside.store(true, Ordering::Relaxed);
        }
        let is_other = self.others.lock().is_ok_and(|others| others.contains(name));
        if is_other && !self.inside.load(Ordering::Relaxed) {
            addresses.retain(|address| !is_internal(address));
            if addresses.is_empty() {
                return Err(Internal);
            }
        }
        Ok(addresses)
    }
}

/// For a client, which connects to what was looked at here and to nothing else.
pub(super) struct Resolver(pub(super) Arc<Network>);

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let network = Arc::clone(&self.0);
        Box::pin(async move {
            let addresses = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            Ok(Box::new(network.choose(name.as_str(), addresses)?.into_iter()) as Addrs)
        })
    }
}

impl fmt::Display for Internal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the host is internal")
    }
}

impl Error for Internal {}

/// Whether a URL names a host that only its neighbours know.
pub(super) fn is_internal(url: &str) -> bool {
    const SUFFIXES: [&str; 6] = [".internal", ".local", ".lan", ".svc", ".localhost", ".localdomain"];
    match Url::parse(url).as_ref().map(Url::host) {
        Ok(Some(Host::Ipv4(ip))) => is_internal_v4(ip),
        Ok(Some(Host::Ipv6(ip))) => is_internal_v6(ip),
        Ok(Some(Host::Domain(name))) => {
            let name = name.trim_end_matches('.');
            !name.contains('.') || SUFFIXES.iter().any(|suffix| name.ends_with(suffix))
        }
        Ok(None) | Err(_) => false,
    }
}

fn is_internal_ip(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_internal_v4(ip),
        IpAddr::V6(ip) => is_internal_v6(ip),
    }
}

fn is_internal_v4(ip: Ipv4Addr) -> bool {
    // RFC 6598, between a carrier and its customers; RFC 6890, of protocols; RFC 2544, of benchmarks; what
    // Azure answers its machines at.
    let special =
        matches!(ip.octets(), [100, 64..=127, ..] | [192, 0, 0, _] | [198, 18..=19, ..] | [168, 63, 129, 16]);
    let everybody = ip.is_multicast() || ip.is_broadcast();
    ip.is_private() || ip.is_loopback() || ip.is_link_local() || ip.octets()[0] == 0 || special || everybody
}

fn is_internal_v6(ip: Ipv6Addr) -> bool {
    if ip.is_loopback() || ip.is_unspecified() || ip.is_multicast() {
        return true;
    }
    let v4 = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        is_internal_v4(Ipv4Addr::new(a, b, c, d))
    };
    match ip.segments() {
        // IPv4 in IPv6: compatible and mapped (RFC 4291), NAT64 (RFC 6052, RFC 8215), 6to4 (RFC 3056).
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        | [0x2002, high, low, ..] => v4(high, low),
        [0x64, 0xff9b, 1, ..] => true,
        // Site-local, which RFC 3879 has given up and networks have not.
        [first, ..] => ip.is_unique_local() || ip.is_unicast_link_local() || first & 0xffc0 == 0xfec0,
    }
}

fn host(url: &str) -> Option<String> {
    Url::parse(url).ok()?.host_str().map(str::to_owned)
}

#[cfg(test)]
impl Network {
    /// As if it were not known to be internal before it is looked up.
    pub(super) fn admits_by_name(&self, host: &str) {
        self.others.lock().unwrap().insert(host.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INSIDE: &str = "10.0.0.7:443";
    const OUTSIDE: &str = "93.184.215.14:443";

    fn choose(network: &Network, name: &str, addresses: &[&str]) -> Option<Vec<String>> {
        let addresses = addresses.iter().map(|address| address.parse().unwrap()).collect();
        let chosen = network.choose(name, addresses).ok()?;
        Some(chosen.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn internal_hosts_are_known() {
        for host in [
            "todo:8080",
            "10.0.0.7",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "168.63.129.16",
            "192.0.0.192",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "0.0.0.0",
            "2130706433",
            "0x7f.1",
            "localhost:1",
            "localhost.",
            "LOCALHOST",
            "a.svc",
            "metadata.google.internal",
            "[::]",
            "[::1]",
            "[fe80::1]",
            "[fec0::1]",
            "[fd00:ec2::254]",
            "[ff02::1]",
            "[::127.0.0.1]",
            "[::ffff:127.0.0.1]",
            "[64:ff9b::10.0.0.1]",
            "[64:ff9b:1::1]",
            "[2002:7f00:1::]",
        ] {
            assert!(is_internal(&format!("http://{host}/")), "{host}");
        }
        for host in ["mcp.example.com", "8.8.8.8", "100.128.0.1", "[2606:4700::1]", "[64:ff9b::8.8.8.8]"] {
            assert!(!is_internal(&format!("https://{host}/")), "{host}");
        }
    }

    #[test]
    fn a_server_elsewhere_cannot_name_a_host_in_here() {
        let network = Network::new("https://mcp.example.com/mcp", &["https://auth.lan".to_owned()]);
        for url in ["http://127.0.0.1/x", "https://todo", "https://[::ffff:10.0.0.1]", "https://other.lan"] {
            assert!(network.admit(url).is_err(), "{url}");
        }
        for url in ["https://mcp.example.com/x", "https://auth.lan/keys", "https://other.example.com"] {
            assert!(network.admit(url).is_ok(), "{url}");
        }
    }

    #[test]
    fn a_name_elsewhere_cannot_lead_in_here() {
        let network = Network::new("https://mcp.example.com/mcp", &["https://auth.example.com".to_owned()]);
        for url in ["https://mcp.example.com", "https://auth.example.com", "https://other.example.com"] {
            assert!(network.admit(url).is_ok());
        }
        assert_eq!(choose(&network, "other.example.com", &[INSIDE]), None);
        assert_eq!(choose(&network, "other.example.com", &[INSIDE, OUTSIDE]).unwrap(), [OUTSIDE]);
        for meant in ["auth.example.com", "proxy.example.com"] {
            assert_eq!(choose(&network, meant, &[INSIDE]).unwrap(), [INSIDE]);
        }
    }

    #[test]
    fn a_server_in_here_may_name_its_neighbours() {
        let network = Network::new("http://127.0.0.1:8000/mcp", &[]);
        assert!(network.admit("http://10.0.0.7").is_ok());

        let network = Network::new("https://mcp.example.com/mcp", &[]);
        assert!(network.admit("https://mcp.example.com/mcp").is_ok());
        assert_eq!(choose(&network, "mcp.example.com", &[INSIDE]).unwrap(), [INSIDE]);
        assert!(network.admit("https://todo").is_ok());
        assert_eq!(choose(&network, "auth.example.com", &[INSIDE]).unwrap(), [INSIDE]);
    }

    #[tokio::test]
    async fn the_resolver_chooses() {
        let network = Network::new("https://mcp.example.com/mcp", &[]);
        let resolve = || Resolver(Arc::clone(&network)).resolve("localhost".parse().unwrap());
        assert!(resolve().await.is_ok(), "of a proxy");
        network.admits_by_name("localhost");
        assert!(resolve().await.err().unwrap().is::<Internal>());
    }
}
