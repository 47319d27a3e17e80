//! Addresses that no plugin reaches unless the operator names them: the host itself, its network,
//! the cloud's metadata service, and every notation that hides one of these.
//!
//! Source of the tables: the IANA special-purpose address registries (RFC 6890 and its updates).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::Host;

use super::{Denial, Origin, OriginError, Target};

type Row<Address> = (Address, u8, &'static str);

const fn v4(a: u8, b: u8, c: u8, d: u8) -> Ipv4Addr {
    Ipv4Addr::new(a, b, c, d)
}

const fn v6(a: u16, b: u16, c: u16) -> Ipv6Addr {
    Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0)
}

const BLOCKED_V4: [Row<Ipv4Addr>; 15] = [
    (v4(127, 0, 0, 0), 8, "loopback"),
    (v4(10, 0, 0, 0), 8, "a private network (RFC 1918)"),
    (v4(172, 16, 0, 0), 12, "a private network (RFC 1918)"),
    (v4(192, 168, 0, 0), 16, "a private network (RFC 1918)"),
    (v4(169, 254, 0, 0), 16, "link-local, home of cloud metadata services"),
    (v4(100, 64, 0, 0), 10, "carrier-grade NAT (RFC 6598)"),
    (v4(0, 0, 0, 0), 8, "this network"),
    (v4(192, 0, 0, 0), 24, "IETF protocol assignments"),
    (v4(192, 0, 2, 0), 24, "documentation"),
    (v4(198, 51, 100, 0), 24, "documentation"),
    (v4(203, 0, 113, 0), 24, "documentation"),
    (v4(192, 88, 99, 0), 24, "the retired 6to4 relay"),
    (v4(198, 18, 0, 0), 15, "benchmarking (RFC 2544)"),
    (v4(224, 0, 0, 0), 4, "multicast"),
    (v4(240, 0, 0, 0), 4, "reserved or broadcast"),
];

const BLOCKED_V6: [Row<Ipv6Addr>; 12] = [
    (Ipv6Addr::UNSPECIFIED, 128, "the unspecified address"),
    (Ipv6Addr::LOCALHOST, 128, "loopback"),
    (v6(0xfe80, 0, 0), 10, "link-local"),
    (v6(0xfec0, 0, 0), 10, "site-local (retired)"),
    (v6(0xfc00, 0, 0), 7, "a private network (RFC 4193)"),
    (v6(0xff00, 0, 0), 8, "multicast"),
    (v6(0x2001, 0xdb8, 0), 32, "documentation"),
    (v6(0x3fff, 0, 0), 20, "documentation"),
    (v6(0x2001, 0, 0), 23, "IETF protocol assignments, among them Teredo"),
    (v6(0x64, 0xff9b, 1), 48, "local-use NAT64 (RFC 8215)"),
    (v6(0x100, 0, 0), 64, "discard-only"),
    (v6(0x5f00, 0, 0), 16, "segment routing"),
];

fn in_v4(ip: Ipv4Addr, net: Ipv4Addr, prefix: u8) -> bool {
    let shift = 32 - u32::from(prefix.min(32));
    (u64::from(ip.to_bits()) >> shift) == (u64::from(net.to_bits()) >> shift)
}

fn in_v6(ip: Ipv6Addr, net: Ipv6Addr, prefix: u8) -> bool {
    let mask = if prefix == 0 { 0 } else { u128::MAX << (128 - u32::from(prefix.min(128))) };
    ip.to_bits() & mask == net.to_bits() & mask
}

/// The IPv4 address that an IPv6 one stands for: mapped, compatible (RFC 4291), NAT64 (RFC 6052)
/// or 6to4 (RFC 3056).
fn inner_v4(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let bits = ip.to_bits();
    let mapped = bits >> 32 == 0xffff;
    let compatible = bits >> 32 == 0 && bits > 1;
    let nat64 = in_v6(ip, v6(0x64, 0xff9b, 0), 96);
    if mapped || compatible || nat64 {
        return Some(Ipv4Addr::from_bits(bits as u32));
    }
    in_v6(ip, v6(0x2002, 0, 0), 16).then(|| Ipv4Addr::from_bits((bits >> 80) as u32))
}

fn blocked_as(ip: IpAddr) -> Option<&'static str> {
    match ip {
        IpAddr::V4(ip) => BLOCKED_V4.iter().find(|(net, prefix, _)| in_v4(ip, *net, *prefix)).map(|row| row.2),
        IpAddr::V6(ip) => BLOCKED_V6.iter().find(|(net, prefix, _)| in_v6(ip, *net, *prefix)).map(|row| row.2),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Net {
    V4(Ipv4Addr, u8),
    V6(Ipv6Addr, u8),
}

impl Net {
    fn parse(text: &str) -> Result<Self, OriginError> {
        let refuse = || {
            OriginError::new(
                text,
                "write an address, a network such as 10.1.0.0/16, or an origin such as http://erp.intern:8080",
            )
        };
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix.parse::<u8>().map_err(|_| refuse())?)),
            None => (text, None),
        };
        match address.parse::<IpAddr>().map_err(|_| refuse())? {
            IpAddr::V4(ip) if prefix.unwrap_or(32) <= 32 => Ok(Self::V4(ip, prefix.unwrap_or(32))),
            IpAddr::V6(ip) if prefix.unwrap_or(128) <= 128 => Ok(Self::V6(ip, prefix.unwrap_or(128))),
            _ => Err(refuse()),
        }
    }

    fn contains(self, ip: IpAddr) -> bool {
        match (self, ip) {
            (Self::V4(net, prefix), IpAddr::V4(ip)) => in_v4(ip, net, prefix),
            (Self::V6(net, prefix), IpAddr::V6(ip)) => in_v6(ip, net, prefix),
            _ => false,
        }
    }
}

/// What a grant by origin says about a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Naming {
    /// This very origin is granted.
    Named,
    /// Its host is, under another scheme or port only.
    OtherDoor,
    /// Its host is not spoken of.
    Silent,
}

/// `allow_private`: the private networks, addresses and exact origins that an operator opens.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PrivateGrant {
    nets: Vec<Net>,
    origins: Vec<Origin>,
}

impl PrivateGrant {
    /// Reads `allow_private`.
    ///
    /// # Errors
    /// [`OriginError`] for the first entry that is no address, network or exact origin.
    pub fn parse<T: AsRef<str>>(entries: &[T]) -> Result<Self, OriginError> {
        let mut grant = Self::default();
        for entry in entries.iter().map(AsRef::as_ref) {
            if !entry.contains("://") {
                grant.nets.push(Net::parse(entry)?);
                continue;
            }
            let origin = Origin::parse(entry)?;
            if !origin.is_exact() {
                return Err(OriginError::new(entry, "a private origin is named exactly, without '*'"));
            }
            grant.origins.push(origin);
        }
        Ok(grant)
    }

    /// Whether one of the granted networks holds the address, in this notation or the inner one.
    pub fn holds(&self, ip: IpAddr) -> bool {
        let inner = match ip {
            IpAddr::V4(_) => None,
            IpAddr::V6(ip) => inner_v4(ip).map(IpAddr::V4),
        };
        self.nets.iter().any(|net| net.contains(ip) || inner.is_some_and(|inner| net.contains(inner)))
    }

    /// What the granted origins say about the target. Where a host is granted at one door, its
    /// other doors stay shut: name resolution sees the host alone, so the door is judged here.
    pub fn naming(&self, target: &Target) -> Naming {
        let host = target.host();
        let mut naming = Naming::Silent;
        for origin in &self.origins {
            if origin.matches(target) {
                return Naming::Named;
            }
            if origin.matches_host(&host) {
                naming = Naming::OtherDoor;
            }
        }
        naming
    }

    /// Whether any granted origin has this host name.
    pub fn names_host(&self, name: &str) -> bool {
        self.origins.iter().any(|origin| origin.matches_host(&Host::Domain(name)))
    }
}

/// Whether an address may be connected to.
///
/// # Errors
/// A [`Denial`] of rule `private-address`, naming the kind of address.
pub fn judge_address(ip: IpAddr, grant: &PrivateGrant) -> Result<(), Denial> {
    if grant.holds(ip) {
        return Ok(());
    }
    let plain = blocked_as(ip);
    let kind = match (plain, ip) {
        (None, IpAddr::V6(outer)) => inner_v4(outer).and_then(|inner| blocked_as(IpAddr::V4(inner))),
        _ => plain,
    };
    let Some(kind) = kind else { return Ok(()) };
    Err(Denial::new(
        "private-address",
        format!("{ip} is {kind}"),
        format!("to allow it, in the connection's grant: allow_private = [\"{ip}\"]"),
    ))
}

/// What can be said about a target's address before its name is resolved: a literal is judged
/// outright, and a host granted at one door only is refused at the others.
///
/// # Errors
/// A [`Denial`] of rule `private-address` or `private-origin`.
pub fn judge_literal(target: &Target, grant: &PrivateGrant) -> Result<(), Denial> {
    match (grant.naming(target), target.literal()) {
        (Naming::Named, _) => Ok(()),
        (_, Some(ip)) => judge_address(ip, grant),
        (Naming::Silent, None) => Ok(()),
        (Naming::OtherDoor, None) => Err(Denial::new(
            "private-origin",
            format!("{} has a privately granted host under another scheme or port", target.origin()),
            format!("to allow it, in the connection's grant: allow_private = [\"{}\"]", target.origin()),
        )),
    }
}
