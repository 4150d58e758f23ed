//! What is blocked: which column's values, and which of them can be.

/// What a network's traffic controls block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum By {
    /// An affiliate's sub-source
    Sub1,
    /// Likewise
    Sub2,
    /// Likewise
    Sub3,
    /// Likewise
    Sub4,
    /// Likewise
    Sub5,
    /// The affiliate's source_id
    #[value(name = "source_id", alias = "source-id")]
    SourceId,
    /// An address, in full
    #[value(name = "user_ip", alias = "user-ip")]
    UserIp,
    /// A network: /24 of IPv4, /48 of IPv6
    #[value(name = "ip_prefix", alias = "ip-prefix")]
    IpPrefix,
}

impl By {
    /// SQL: the value of a click, NULL where it has none that can be blocked. A masked address stands for up to 256, and
    /// a pseudonym for one that nobody can name; of both the network is known.
    pub(super) fn value(self) -> &'static str {
        match self {
            Self::Sub1 => "sub1",
            Self::Sub2 => "sub2",
            Self::Sub3 => "sub3",
            Self::Sub4 => "sub4",
            Self::Sub5 => "sub5",
            Self::SourceId => "source_id",
            Self::UserIp => "CASE WHEN NOT ip_is_masked(user_ip) AND user_ip ~ '^[0-9A-Fa-f:.]+$' THEN user_ip END",
            Self::IpPrefix => "CASE WHEN ip_prefix(user_ip, 24, 48) ~ '/(24|48)$' THEN ip_prefix(user_ip, 24, 48) END",
        }
    }

    /// Whether values mean the same whoever sends them. Sub-sources do not: `a` of one affiliate is not `a` of another.
    pub(super) fn is_address(self) -> bool {
        matches!(self, Self::UserIp | Self::IpPrefix)
    }

    /// Its name in messages.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Sub1 => "sub1",
            Self::Sub2 => "sub2",
            Self::Sub3 => "sub3",
            Self::Sub4 => "sub4",
            Self::Sub5 => "sub5",
            Self::SourceId => "source_id",
            Self::UserIp => "user_ip",
            Self::IpPrefix => "ip_prefix",
        }
    }
}
