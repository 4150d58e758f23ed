//! The address of a click, as Everflow writes it: IPv4, IPv6, or IPv4 with its last parts masked (`203.0.113.xxx`); or as
//! `--pseudonymize` does: its network, and a hash in place of the rest.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use clicks::pseudonym::network_of;

/// An address, and how much of it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClickAddress {
    address: IpAddr,
    /// The leading bits that are neither masked nor replaced by a hash.
    known_bits: u8,
    /// True where a hash tells it from all others.
    is_pseudonym: bool,
}

impl ClickAddress {
    /// Reads an address; `None` where the text is none. An IPv4 address within IPv6 (`::ffff:203.0.113.9`) is IPv4.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Ok(address) = IpAddr::from_str(text) {
            let address = address.to_canonical();
            return Some(Self { address, known_bits: if address.is_ipv4() { 32 } else { 128 }, is_pseudonym: false });
        }
        if let Some((address, known_bits)) = network_of(text) {
            return Some(Self { address, known_bits, is_pseudonym: true });
        }
        parse_masked(text)
    }

    /// True where a part of it is masked, so that others are written alike. A pseudonym is one address.
    #[must_use]
    pub fn is_masked(&self) -> bool {
        !self.is_pseudonym && self.known_bits < self.full_bits()
    }

    /// The network of at most so many leading bits, as its first address and its bits; fewer where fewer are known.
    #[must_use]
    pub fn prefix(&self, v4_bits: u8, v6_bits: u8) -> (IpAddr, u8) {
        let wanted = if self.address.is_ipv4() { v4_bits } else { v6_bits };
        let bits = wanted.min(self.known_bits);
        (first_of(self.address, bits), bits)
    }

    /// The first and the last address it can stand for, in [`position`]'s order.
    pub(super) fn span(&self) -> (u128, u128) {
        span(self.address, self.known_bits)
    }

    fn full_bits(&self) -> u8 {
        if self.address.is_ipv4() { 32 } else { 128 }
    }
}

/// Leading parts that are numbers, then at least one `xxx`.
fn parse_masked(text: &str) -> Option<ClickAddress> {
    let (mut octets, mut known, mut count) = ([0; 4], 0, 0);
    for part in text.split('.') {
        let is_mask = !part.is_empty() && part.bytes().all(|byte| byte == b'x' || byte == b'X');
        if !is_mask {
            if known < count || part.len() > 3 || !part.bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            }
            *octets.get_mut(count)? = part.parse().ok()?;
            known += 1;
        }
        count += 1;
    }
    let known_bits = u8::try_from(known * 8).ok()?;
    let is_masked_address = count == 4 && (1..4).contains(&known);
    is_masked_address.then(|| ClickAddress { address: Ipv4Addr::from(octets).into(), known_bits, is_pseudonym: false })
}

/// IPv4 addresses lie where IPv6 has them mapped, so that all addresses have one order.
fn position(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

/// The first and the last position of a network.
pub(super) fn span(address: IpAddr, bits: u8) -> (u128, u128) {
    let full: u32 = if address.is_ipv4() { 32 } else { 128 };
    let free = full.saturating_sub(u32::from(bits));
    let mask = if free >= 128 { u128::MAX } else { (1 << free) - 1 };
    let first = position(address) & !mask;
    (first, first | mask)
}

fn first_of(address: IpAddr, bits: u8) -> IpAddr {
    match address {
        IpAddr::V4(address) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(bits.min(32))).unwrap_or(0);
            Ipv4Addr::from_bits(address.to_bits() & mask).into()
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(bits.min(128))).unwrap_or(0);
            Ipv6Addr::from_bits(address.to_bits() & mask).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn prefix(text: &str, v4_bits: u8, v6_bits: u8) -> Option<String> {
        let (first, bits) = ClickAddress::parse(text)?.prefix(v4_bits, v6_bits);
        Some(format!("{first}/{bits}"))
    }

    #[test]
    fn masked_addresses_keep_what_is_known() {
        assert_eq!(prefix("203.0.113.77", 24, 48).unwrap(), "203.0.113.0/24");
        assert_eq!(prefix("203.0.113.xxx", 24, 48).unwrap(), "203.0.113.0/24");
        assert_eq!(prefix("203.0.113.xxx", 32, 48).unwrap(), "203.0.113.0/24");
        assert_eq!(prefix("203.0.xxx.XXX", 24, 48).unwrap(), "203.0.0.0/16");
        assert_eq!(prefix("203.0.113.77", 0, 0).unwrap(), "0.0.0.0/0");
        assert_eq!(prefix("203.0.113.77", 32, 0).unwrap(), "203.0.113.77/32");
        assert_eq!(prefix("2001:db8:1:2::9", 24, 48).unwrap(), "2001:db8:1::/48");
        assert_eq!(prefix("2001:db8::9", 24, 128).unwrap(), "2001:db8::9/128");
        assert_eq!(prefix("2001:db8::9", 24, 0).unwrap(), "::/0");
        assert_eq!(prefix("::ffff:203.0.113.9", 24, 48).unwrap(), "203.0.113.0/24");
    }

    #[test]
    fn pseudonyms_keep_their_network_and_are_one_address_each() {
        let v4 = "203.0.113.h2f3e97a3e23e9518";
        assert_eq!(prefix(v4, 24, 48).unwrap(), "203.0.113.0/24");
        assert_eq!(prefix(v4, 32, 48).unwrap(), "203.0.113.0/24");
        assert_eq!(prefix("2001:db8:1::h2f3e97a3e23e9518", 24, 64).unwrap(), "2001:db8:1::/48");
        assert!(!ClickAddress::parse(v4).unwrap().is_masked());
        assert_eq!(ClickAddress::parse("203.0.113.h2f3e"), None);
    }

    #[test]
    fn what_is_no_address_is_none() {
        for text in
            ["", "xxx", "1.2.3", "1.2.3.4.5", "1.2.xxx.4", "1.2.3.256", "xxx.xxx.xxx.xxx", "1.2.3.+4", "1.2..xxx"]
        {
            assert_eq!(ClickAddress::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_prefix_holds_its_address(bits: u128, v4: bool, length in 0u8..=128) {
            let address: IpAddr = if v4 { Ipv4Addr::from_bits(bits as u32).into() } else { Ipv6Addr::from_bits(bits).into() };
            let parsed = ClickAddress::parse(&address.to_string()).unwrap();
            let (first, known) = parsed.prefix(length.min(32), length);
            let (low, high) = span(first, known);
            let (own, _) = parsed.span();
            prop_assert!(low <= own && own <= high, "{address} is not in {first}/{known}");
            prop_assert_eq!(position(first), low);
        }
    }
}
