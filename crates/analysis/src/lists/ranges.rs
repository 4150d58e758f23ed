//! Ranges of addresses: whether one of thousands holds an address is a binary search.

use std::net::IpAddr;
use std::str::FromStr;

use super::click_address::{ClickAddress, span};

/// Networks, as disjoint ranges in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ranges(Vec<(u128, u128)>);

impl Ranges {
    /// Ranges over these networks, in any order, overlapping or not.
    pub fn new(networks: impl IntoIterator<Item = (IpAddr, u8)>) -> Self {
        let mut spans: Vec<_> = networks.into_iter().map(|(address, bits)| span(address, bits)).collect();
        spans.sort_unstable();
        let mut joined: Vec<(u128, u128)> = Vec::with_capacity(spans.len());
        for (first, last) in spans {
            match joined.last_mut() {
                Some((_, end)) if first <= end.saturating_add(1) => *end = last.max(*end),
                _ => joined.push((first, last)),
            }
        }
        Self(joined)
    }

    /// True where every address that this one can stand for lies in a range.
    #[must_use]
    pub fn hold(&self, address: &ClickAddress) -> bool {
        let (first, last) = address.span();
        let after = self.0.partition_point(|(start, _)| *start <= first);
        after.checked_sub(1).and_then(|index| self.0.get(index)).is_some_and(|(_, end)| last <= *end)
    }
}

/// Reads `203.0.113.0/24`, `2001:db8::/32` or a single address.
pub(super) fn parse_network(text: &str) -> Option<(IpAddr, u8)> {
    let (address, bits) = match text.split_once('/') {
        Some((address, bits)) => (IpAddr::from_str(address).ok()?, Some(bits.parse::<u8>().ok()?)),
        None => (IpAddr::from_str(text).ok()?, None),
    };
    let full = if address.is_ipv4() { 32 } else { 128 };
    let bits = bits.unwrap_or(full);
    (bits <= full).then_some((address, bits))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ranges(networks: &[&str]) -> Ranges {
        Ranges::new(networks.iter().map(|network| parse_network(network).unwrap()))
    }

    #[test]
    fn overlapping_touching_and_masked() {
        let ranges =
            ranges(&["203.0.112.0/24", "203.0.113.0/25", "10.0.0.0/8", "10.1.0.0/16", "2001:db8::/32", "9.9.9.9"]);
        for inside in [
            "203.0.112.1",
            "203.0.113.127",
            "10.255.0.1",
            "2001:db8:ffff::1",
            "203.0.112.xxx",
            "10.xxx.xxx.xxx",
            "9.9.9.9",
        ] {
            assert!(ranges.hold(&ClickAddress::parse(inside).unwrap()), "{inside}");
        }
        for outside in
            ["203.0.113.128", "203.0.113.xxx", "11.0.0.0", "2001:db9::", "203.0.xxx.xxx", "9.9.9.10", "::a00:1"]
        {
            assert!(!ranges.hold(&ClickAddress::parse(outside).unwrap()), "{outside}");
        }
        assert!(!Ranges::default().hold(&ClickAddress::parse("1.1.1.1").unwrap()));
        for wrong in ["1.2.3.0/33", "1.2.3/24", "x/8", "::/129", "1.2.3.0/", "1.2.3.0/-1"] {
            assert_eq!(parse_network(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn agrees_with_looking_at_every_network(
            networks in prop::collection::vec((any::<u16>(), 16u8..=32), 0..40), addresses in prop::collection::vec(any::<u16>(), 20),
        ) {
            let address = |bits: u16| IpAddr::from(std::net::Ipv4Addr::from_bits(u32::from(bits) * 8));
            let networks: Vec<_> = networks.into_iter().map(|(bits, length)| (address(bits), length)).collect();
            let ranges = Ranges::new(networks.clone());
            for bits in addresses {
                let own = ClickAddress::parse(&address(bits).to_string()).unwrap();
                let expected = networks.iter().any(|(network, length)| {
                    let (first, _) = own.prefix(*length, 0);
                    first == ClickAddress::parse(&network.to_string()).unwrap().prefix(*length, 0).0
                });
                prop_assert_eq!(ranges.hold(&own), expected);
            }
        }
    }
}
