//! The names of attacks and of hard cases.

use std::fmt;

/// An attack. The sixteenth, an honest affiliate that turns, is [`Role::Sleeper`](super::Role::Sleeper).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Archetype {
    /// Programs on rented servers click round the clock.
    DatacenterBotnet,
    /// Programs click through homes, another one for each click.
    ResidentialRotation,
    /// Apps send clicks that nobody made, to be last before an installation that would have come anyway.
    ClickFlooding,
    /// Clicks sent the moment an installation begins.
    ClickInjection,
    /// Clicks that were real once, sent again.
    DuplicateReplay,
    /// Rows of real phones in a room, tapped by people in shifts.
    DeviceFarm,
    /// People and programs from elsewhere that pretend to be where the offer pays.
    GeoSpoofing,
    /// A few machines that name another browser with each click.
    UserAgentRotation,
    /// A new sub id with each click, so that none can be blocked.
    SubIdRotation,
    /// A script that clicks at fixed intervals.
    RoboticCadence,
    /// A few clicks a day from each of many infected homes.
    LowAndSlow,
    /// People who are paid to click and convert.
    IncentivisedTraffic,
    /// Pages that load offers in hidden frames.
    CookieStuffing,
    /// Everything within minutes.
    Burst,
    /// Two affiliates that share the same machines.
    Coalition,
}

impl Archetype {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::DatacenterBotnet,
        Self::ResidentialRotation,
        Self::ClickFlooding,
        Self::ClickInjection,
        Self::DuplicateReplay,
        Self::DeviceFarm,
        Self::GeoSpoofing,
        Self::UserAgentRotation,
        Self::SubIdRotation,
        Self::RoboticCadence,
        Self::LowAndSlow,
        Self::IncentivisedTraffic,
        Self::CookieStuffing,
        Self::Burst,
        Self::Coalition,
    ];

    /// What a sleeper turns to: every attack that one affiliate alone can make, and that clicks alone show.
    pub(crate) const SLEEPING: [Self; 11] = [
        Self::DatacenterBotnet,
        Self::ResidentialRotation,
        Self::ClickFlooding,
        Self::DuplicateReplay,
        Self::DeviceFarm,
        Self::GeoSpoofing,
        Self::UserAgentRotation,
        Self::SubIdRotation,
        Self::RoboticCadence,
        Self::LowAndSlow,
        Self::CookieStuffing,
    ];
}

impl fmt::Display for Archetype {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::DatacenterBotnet => "datacenter-botnet",
            Self::ResidentialRotation => "residential-rotation",
            Self::ClickFlooding => "click-flooding",
            Self::ClickInjection => "click-injection",
            Self::DuplicateReplay => "duplicate-replay",
            Self::DeviceFarm => "device-farm",
            Self::GeoSpoofing => "geo-spoofing",
            Self::UserAgentRotation => "user-agent-rotation",
            Self::SubIdRotation => "sub-id-rotation",
            Self::RoboticCadence => "robotic-cadence",
            Self::LowAndSlow => "low-and-slow",
            Self::IncentivisedTraffic => "incentivised-traffic",
            Self::CookieStuffing => "cookie-stuffing",
            Self::Burst => "burst",
            Self::Coalition => "coalition",
        })
    }
}

/// An honest affiliate that looks odd.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HardCase {
    /// Most of the week's clicks come in the hours after one e-mail.
    EmailBlast,
    /// All visitors share the few addresses of a mobile carrier.
    CarrierNat,
    /// A subject whose readers use VPNs.
    VpnHeavy,
    /// A dozen clicks.
    Tiny,
    /// Began the day before yesterday.
    New,
    /// A partner's server in a cloud passes its visitors' clicks on.
    ServerSide,
    /// Sends to an offer that is full every evening.
    AtItsCap,
    /// One visitor in four buys.
    CouponSite,
    /// A service checks the links every five minutes.
    UptimeMonitors,
}

impl HardCase {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::EmailBlast,
        Self::CarrierNat,
        Self::VpnHeavy,
        Self::Tiny,
        Self::New,
        Self::ServerSide,
        Self::AtItsCap,
        Self::CouponSite,
        Self::UptimeMonitors,
    ];

    /// How many clicks such an affiliate has where others of its rank have `usual`.
    pub(crate) fn clicks(self, usual: u64) -> u64 {
        match self {
            Self::Tiny => 8 + usual % 23,
            Self::New => usual * 2 / super::DAYS as u64,
            _ => usual,
        }
    }
}

impl fmt::Display for HardCase {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::EmailBlast => "email-blast",
            Self::CarrierNat => "carrier-nat",
            Self::VpnHeavy => "vpn-heavy",
            Self::Tiny => "tiny",
            Self::New => "new",
            Self::ServerSide => "server-side",
            Self::AtItsCap => "at-its-cap",
            Self::CouponSite => "coupon-site",
            Self::UptimeMonitors => "uptime-monitors",
        })
    }
}
