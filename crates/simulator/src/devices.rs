//! What visitors browse with: devices, browsers, and the user agents these send.
//!
//! Promises that the user agent fits the device, and that Everflow's `is_mobile` does not: as in real answers it contradicts
//! `device_type` on most phones.

use crate::random::Dice;

/// A device as Everflow describes it.
#[derive(Debug, Clone)]
pub(crate) struct Device {
    pub(crate) platform: &'static str,
    pub(crate) os_version: String,
    pub(crate) brand: &'static str,
    pub(crate) model: &'static str,
    pub(crate) browser: &'static str,
    pub(crate) device_type: &'static str,
    pub(crate) is_mobile: bool,
    pub(crate) is_tablet: bool,
    pub(crate) user_agent: String,
    /// Sends client hints, which show up among the query parameters.
    pub(crate) client_hints: bool,
}

/// Brand, Everflow's model (mostly unknown), and the model's name in the user agent.
const ANDROID_PHONES: &[(&str, &str, &str)] = &[
    ("Samsung", "", "SM-S911B"),
    ("Samsung", "Galaxy S24", "SM-S921U"),
    ("Samsung", "", "SM-A546E"),
    ("Motorola", "", "moto g power (2023)"),
    ("Unknown", "", "K"),
    ("Unknown", "", "K"),
    ("Unknown", "", "K"),
    ("Google", "Pixel 8", "Pixel 8"),
    ("Xiaomi", "", "23053RN02A"),
];
const IOS_VERSIONS: &[&str] = &["16.6", "17.2", "17.4", "17.5", "18.0", "18.1", "18.3"];
const ANDROID_VERSIONS: &[&str] = &["10", "12", "13", "14", "15"];
const CHROME_VERSIONS: &[u32] = &[119, 120, 121, 122, 124, 126, 128, 131];

/// Agents that say what they are, and the tools that bots run on.
const DECLARED_BOTS: &[&str] = &[
    "Mozilla/5.0 (compatible; ExampleBot/2.1; +https://bot.example/about)",
    "python-requests/2.31.0",
    "curl/8.5.0",
    "Go-http-client/2.0",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/121.0.0.0 Safari/537.36",
    "UptimeChecks(https://monitor.example/uptime)",
];

impl Device {
    /// What a person browses with: mostly a phone.
    pub(crate) fn of_a_person(dice: &mut Dice) -> Self {
        match dice.below(100) {
            0..46 => iphone(dice),
            46..50 => ipad(dice),
            50..85 => android(dice),
            85..95 => windows(dice),
            95..99 => mac(dice),
            _ => chromebook(dice),
        }
    }

    /// What a bot in a data centre claims to be: one time in three it does not even lie.
    pub(crate) fn of_a_bot(dice: &mut Dice) -> Self {
        if dice.chance(650) {
            return if dice.chance(500) { windows(dice) } else { android(dice) };
        }
        let user_agent = (*dice.pick(DECLARED_BOTS)).to_owned();
        Device { brand: "Unknown", browser: "", ..pc("Unknown", "", user_agent) }
    }
}

impl Device {
    /// What a script says that it is: a desktop browser, three times in four a current one as people have it, else whatever
    /// an old list holds; one time in thirty the platform is of another line of the list.
    pub(crate) fn of_a_script(dice: &mut Dice) -> Self {
        if dice.chance(750) {
            return windows(dice);
        }
        let chrome = 88 + dice.below(44);
        let (platform, system, os) = *dice.pick(&[
            ("Windows", "Windows NT 10.0; Win64; x64", "10.0"),
            ("Windows", "Windows NT 6.1; Win64; x64", "7"),
            ("Linux", "X11; Linux x86_64", ""),
            ("macOS", "Macintosh; Intel Mac OS X 10_15_7", "10.15"),
        ]);
        let user_agent = format!(
            "Mozilla/5.0 ({system}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{chrome}.0.{}.0 Safari/537.36",
            dice.below(3) * 4000
        );
        let platform = if dice.chance(120) { "Android" } else { platform };
        pc(platform, os, user_agent)
    }

    /// The same phone, within an app that shows pages itself and writes its build behind the browser's name.
    pub(crate) fn within_an_app(mut self, dice: &mut Dice) -> Self {
        let build = format!("{}.0.0.{}.{}", 280 + dice.below(60), dice.below(60), dice.below(130));
        let app = match dice.below(3) {
            0 => format!(" Instagram {build}"),
            1 => format!(" [FBAN/FBIOS;FBAV/{build};FBBV/{}]", 400_000_000 + dice.below(900_000)),
            _ => format!(" trill_{}", 320_000 + dice.below(900)),
        };
        self.user_agent.push_str(&app);
        self
    }

    /// A service that checks whether pages answer, and says so.
    pub(crate) fn of_a_monitor() -> Self {
        let user_agent = "UptimeChecks(https://monitor.example/uptime)".to_owned();
        Device { brand: "Unknown", browser: "", ..pc("Unknown", "", user_agent) }
    }
}

fn pc(platform: &'static str, os_version: &str, user_agent: String) -> Device {
    Device {
        platform,
        os_version: os_version.to_owned(),
        brand: "Unknown",
        model: "",
        browser: "Chrome",
        device_type: "PC",
        is_mobile: false,
        is_tablet: false,
        user_agent,
        client_hints: false,
    }
}

fn iphone(dice: &mut Dice) -> Device {
    let version = *dice.pick(IOS_VERSIONS);
    let os = version.replace('.', "_");
    let webkit = "AppleWebKit/605.1.15 (KHTML, like Gecko)";
    let (browser, user_agent) = if dice.chance(220) {
        let app = 290 + dice.below(4) * 8;
        (
            "Google for iOS",
            format!(
                "Mozilla/5.0 (iPhone; CPU iPhone OS {os} like Mac OS X) {webkit} GSA/{app}.0.590048842 Mobile/15E148 Safari/604.1"
            ),
        )
    } else {
        (
            "Safari",
            format!(
                "Mozilla/5.0 (iPhone; CPU iPhone OS {os} like Mac OS X) {webkit} Version/{version} Mobile/15E148 Safari/604.1"
            ),
        )
    };
    Device { brand: "Apple", browser, device_type: "Mobile", ..pc("iOS", version, user_agent) }
}

fn ipad(dice: &mut Dice) -> Device {
    let version = *dice.pick(IOS_VERSIONS);
    let os = version.replace('.', "_");
    let user_agent = format!(
        "Mozilla/5.0 (iPad; CPU OS {os} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/{version} Mobile/15E148 Safari/604.1"
    );
    Device {
        brand: "Apple",
        browser: "Safari",
        device_type: "Tablet",
        is_tablet: true,
        ..pc("iOS", version, user_agent)
    }
}

fn android(dice: &mut Dice) -> Device {
    let phone = dice.below(ANDROID_PHONES.len() as u64) as usize;
    let (brand, model, code) = ANDROID_PHONES[phone];
    // A model is met with the version it was sold with, or the next.
    let version = ANDROID_VERSIONS[(phone + dice.below(2) as usize) % ANDROID_VERSIONS.len()];
    let chrome = *dice.pick(CHROME_VERSIONS);
    // A reduced user agent says "Android 10; K" whatever the phone is.
    let os = if code == "K" { "10" } else { version };
    let (browser, name) = if brand == "Samsung" && dice.chance(400) {
        ("Samsung Browser", "SamsungBrowser/25.0 ")
    } else {
        ("Chrome", "")
    };
    let user_agent = format!(
        "Mozilla/5.0 (Linux; Android {os}; {code}) AppleWebKit/537.36 (KHTML, like Gecko) {name}Chrome/{chrome}.0.0.0 Mobile Safari/537.36"
    );
    Device {
        brand,
        model,
        browser,
        device_type: "Mobile",
        is_mobile: dice.chance(550),
        client_hints: dice.chance(850),
        ..pc("Android", &format!("{version}.0"), user_agent)
    }
}

fn windows(dice: &mut Dice) -> Device {
    let chrome = *dice.pick(CHROME_VERSIONS);
    let (browser, user_agent) = match dice.below(10) {
        0..6 => (
            "Chrome",
            format!(
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{chrome}.0.0.0 Safari/537.36"
            ),
        ),
        6..9 => (
            "Edge",
            format!(
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{chrome}.0.0.0 Safari/537.36 Edg/{chrome}.0.0.0"
            ),
        ),
        _ => (
            "Firefox",
            format!("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:{chrome}.0) Gecko/20100101 Firefox/{chrome}.0"),
        ),
    };
    let is_mobile = dice.chance(30);
    Device { browser, is_mobile, client_hints: browser != "Firefox", ..pc("Windows", "10.0", user_agent) }
}

fn mac(dice: &mut Dice) -> Device {
    let version = *dice.pick(IOS_VERSIONS);
    let user_agent = format!(
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/{version} Safari/605.1.15"
    );
    Device { brand: "Apple", browser: "Safari", ..pc("macOS", "10.15", user_agent) }
}

fn chromebook(dice: &mut Dice) -> Device {
    let chrome = *dice.pick(CHROME_VERSIONS);
    let user_agent = format!(
        "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{chrome}.0.0.0 Safari/537.36"
    );
    Device { client_hints: true, ..pc("Chrome OS", "14541.0", user_agent) }
}
