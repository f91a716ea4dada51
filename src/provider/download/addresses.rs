//! Which network addresses may be connected to, and a name resolution that hands out no others.

use std::{
    error::Error,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// How far an address reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::provider) enum Reach {
    /// On the internet.
    Public,
    /// Loopback, or of a private network.
    Private,
    /// Link-local, metadata, multicast, shared, reserved: nothing of ours lies there, and it is
    /// never connected to.
    Never,
}

pub(in crate::provider) fn reach(ip: IpAddr) -> Reach {
    match ip {
        IpAddr::V4(ip) => reach_v4(ip),
        IpAddr::V6(ip) => reach_v6(ip),
    }
}

/// IANA's special-purpose registry for IPv4.
fn reach_v4(ip: Ipv4Addr) -> Reach {
    match ip.octets() {
        [127, ..] | [10, ..] | [192, 168, ..] | [172, 16..=31, ..] => Reach::Private,
        // This network, shared (carriers, and the metadata of some clouds), link-local (metadata),
        // protocol assignments, documentation, 6to4 relays, benchmarks, multicast and above.
        [0, ..]
        | [100, 64..=127, ..]
        | [169, 254, ..]
        | [192, 0, 0 | 2, _]
        | [192, 88, 99, _]
        | [198, 18 | 19, ..]
        | [198, 51, 100, _]
        | [203, 0, 113, _]
        | [224..=255, ..] => Reach::Never,
        _ => Reach::Public,
    }
}

/// IANA's special-purpose registry for IPv6. Forms that carry an IPv4 address reach as far as that.
fn reach_v6(ip: Ipv6Addr) -> Reach {
    let carried = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        reach_v4(Ipv4Addr::new(a, b, c, d))
    };
    match ip.segments() {
        [0, 0, 0, 0, 0, 0, 0, 1] => Reach::Private,
        // Mapped, and NAT64 of RFC 6052.
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            carried(high, low)
        }
        // 6to4.
        [0x2002, high, low, ..] => carried(high, low),
        // The metadata of a cloud, within the private range that follows.
        [0xfd00, 0xec2, ..] => Reach::Never,
        [0xfc00..=0xfdff, ..] => Reach::Private,
        // Protocol assignments with Teredo, documentation.
        [0x2001, 0..=0x01ff | 0x0db8, ..] | [0x3fff, 0..=0x0fff, ..] => Reach::Never,
        [0x2000..=0x3fff, ..] => Reach::Public,
        _ => Reach::Never,
    }
}

/// No address of the name is one that the client may go to.
#[derive(Debug, thiserror::Error)]
#[error("{}", Blocked::TEXT)]
pub(in crate::provider) struct Blocked;

impl Blocked {
    pub(in crate::provider) const TEXT: &str = "the host's name leads to no public address";
}

/// Whether a request failed because of it.
pub(in crate::provider) fn is_blocked(error: &reqwest::Error) -> bool {
    let mut cause: Option<&dyn Error> = Some(error);
    while let Some(inner) = cause {
        if inner.is::<Blocked>() {
            return true;
        }
        cause = inner.source();
    }
    false
}

/// The system's name resolution, filtered. The client connects to the very addresses it hands out,
/// so a name cannot change its mind in between. It is not asked for hosts that are addresses
/// already: [`super::target`] checks those.
pub(in crate::provider) struct CheckedDns {
    pub(in crate::provider) nearest: Reach,
    pub(in crate::provider) farthest: Reach,
}

impl Resolve for CheckedDns {
    fn resolve(&self, name: Name) -> Resolving {
        let reaches = self.nearest..=self.farthest;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<SocketAddr> = found
                .filter(|address| reaches.contains(&reach(address.ip())))
                .collect();
            if allowed.is_empty() {
                Err(Blocked.into())
            } else {
                Ok(Box::new(allowed.into_iter()) as Addrs)
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_internet_is_public() {
        for (reaches, addresses) in [
            (
                Reach::Public,
                &[
                    "8.8.8.8",
                    "220.181.38.148",
                    "100.63.255.255",
                    "100.128.0.0",
                    "172.15.0.1",
                    "172.32.0.1",
                    "223.255.255.255",
                    "2400:da00::1",
                    "::ffff:8.8.8.8",
                    "64:ff9b::808:808",
                    "2002:808:808::1",
                ][..],
            ),
            (
                Reach::Private,
                &[
                    "127.0.0.1",
                    "127.9.9.9",
                    "10.0.0.1",
                    "172.16.0.1",
                    "172.31.255.255",
                    "192.168.1.1",
                    "::1",
                    "fc00::1",
                    "fd12::1",
                    "::ffff:127.0.0.1",
                    "::ffff:10.0.0.1",
                    "64:ff9b::7f00:1",
                    "2002:a00:1::1",
                ],
            ),
            (
                Reach::Never,
                &[
                    "0.0.0.0",
                    "0.1.2.3",
                    "100.64.0.1",
                    "100.100.100.200",
                    "169.254.169.254",
                    "192.0.0.192",
                    "192.0.2.1",
                    "192.88.99.1",
                    "198.18.0.1",
                    "198.19.255.255",
                    "198.51.100.7",
                    "203.0.113.9",
                    "224.0.0.1",
                    "239.255.255.250",
                    "240.0.0.1",
                    "255.255.255.255",
                    "::",
                    "::8.8.8.8",
                    "::ffff:169.254.169.254",
                    "::ffff:0:127.0.0.1",
                    "64:ff9b::a9fe:a9fe",
                    "64:ff9b:1::1",
                    "2002:a9fe:a9fe::1",
                    "2001::1",
                    "2001:db8::1",
                    "3fff::1",
                    "fe80::1",
                    "fec0::1",
                    "ff02::1",
                    "fd00:ec2::254",
                    "100::1",
                    "5f00::1",
                    "4000::1",
                ],
            ),
        ] {
            for address in addresses {
                assert_eq!(reach(address.parse().unwrap()), reaches, "{address}");
            }
        }
    }

    #[tokio::test]
    async fn a_name_that_leads_inside_is_blocked_unless_that_is_allowed() {
        let name = || "localhost".parse::<Name>().unwrap();
        let blocked = CheckedDns {
            nearest: Reach::Public,
            farthest: Reach::Public,
        }
        .resolve(name())
        .await
        .err()
        .unwrap();
        assert!(blocked.is::<Blocked>());
        assert!(
            CheckedDns {
                nearest: Reach::Public,
                farthest: Reach::Private
            }
            .resolve(name())
            .await
            .is_ok()
        );
    }
}
