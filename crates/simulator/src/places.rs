//! Where visitors are: countries, cities, time zones, providers.
//!
//! Cities are real, providers are invented, except the hosting companies: what tells a data centre from a household is their
//! public names, and a query that looks for these must find them here.

/// A country as Everflow writes it.
#[derive(Debug)]
pub(crate) struct Country {
    /// `UK`, not `GB`, as Everflow has it.
    pub(crate) code: &'static str,
    pub(crate) name: &'static str,
    /// Hours to add to UTC; summer time does not matter for a rhythm.
    pub(crate) utc_offset: i64,
    /// Addresses come as `a.b.c.xxx`.
    pub(crate) masks_addresses: bool,
    pub(crate) language: &'static str,
    /// How often a visitor comes from here, against the other countries.
    pub(crate) weight: u64,
    pub(crate) cities: &'static [City],
    pub(crate) providers: &'static [Provider],
}

/// A city with all that Everflow derives from it.
#[derive(Debug)]
pub(crate) struct City {
    pub(crate) name: &'static str,
    pub(crate) region: &'static str,
    pub(crate) timezone: &'static str,
    pub(crate) dma: i64,
    pub(crate) dma_name: &'static str,
    /// The beginning of its postal codes; digits follow where it is numeric.
    pub(crate) postal_prefix: &'static str,
}

/// Who carries a visitor's traffic.
#[derive(Debug)]
pub(crate) struct Provider {
    pub(crate) isp: &'static str,
    /// The mobile carrier and its code, or `""` and 0.
    pub(crate) carrier: &'static str,
    pub(crate) carrier_code: i64,
}

const fn city(name: &'static str, region: &'static str, timezone: &'static str, postal_prefix: &'static str) -> City {
    City { name, region, timezone, dma: 0, dma_name: "", postal_prefix }
}

const fn us(
    name: &'static str,
    region: &'static str,
    timezone: &'static str,
    postal_prefix: &'static str,
    dma: i64,
    dma_name: &'static str,
) -> City {
    City { name, region, timezone, dma, dma_name, postal_prefix }
}

const fn fixed(isp: &'static str) -> Provider {
    Provider { isp, carrier: "", carrier_code: 0 }
}

const fn mobile(isp: &'static str, carrier: &'static str, carrier_code: i64) -> Provider {
    Provider { isp, carrier, carrier_code }
}

/// Every country of the simulated traffic.
#[rustfmt::skip]
pub(crate) static COUNTRIES: &[Country] = &[
    Country {
        code: "US", name: "United States", utc_offset: -5, masks_addresses: false, language: "en", weight: 560,
        cities: &[
            us("New York", "New York", "America/New_York", "100", 501, "New York, NY"),
            us("Buffalo", "New York", "America/New_York", "142", 514, "Buffalo, NY"),
            us("Worcester", "Massachusetts", "America/New_York", "016", 506, "Boston, MA (Manchester, NH)"),
            us("Tampa", "Florida", "America/New_York", "336", 539, "Tampa-St. Petersburg (Sarasota), FL"),
            us("Orlando", "Florida", "America/New_York", "328", 534, "Orlando-Daytona Beach-Melbourne, FL"),
            us("Raleigh", "North Carolina", "America/New_York", "276", 560, "Raleigh-Durham (Fayetteville), NC"),
            us("Columbus", "Ohio", "America/New_York", "432", 535, "Columbus, OH"),
            us("Grand Rapids", "Michigan", "America/Detroit", "495", 563, "Grand Rapids-Kalamazoo-Battle Creek, MI"),
            us("Evansville", "Indiana", "America/Chicago", "477", 649, "Evansville, IN"),
            us("Fort Wayne", "Indiana", "america/indiana/indianapolis", "468", 509, "Ft. Wayne, IN"),
            us("Chicago", "Illinois", "America/Chicago", "606", 602, "Chicago, IL"),
            us("Dallas", "Texas", "America/Chicago", "752", 623, "Dallas-Ft. Worth, TX"),
            us("El Paso", "Texas", "America/Denver", "799", 765, "El Paso, TX (Las Cruces, NM)"),
            us("Austin", "Texas", "America/Chicago", "787", 635, "Austin, TX"),
            us("Omaha", "Nebraska", "America/Chicago", "681", 652, "Omaha, NE"),
            us("Boulder", "Colorado", "America/Denver", "803", 751, "Denver, CO"),
            us("Phoenix", "Arizona", "America/Phoenix", "850", 753, "Phoenix (Prescott), AZ"),
            us("Sacramento", "California", "America/Los_Angeles", "958", 862, "Sacramento-Stockton-Modesto, CA"),
            us("Los Angeles", "California", "America/Los_Angeles", "900", 803, "Los Angeles, CA"),
            us("Portland", "Oregon", "America/Los_Angeles", "972", 820, "Portland, OR"),
            us("?", "Kansas", "America/Chicago", "?", 678, "Wichita-Hutchinson, KS Plus"),
        ],
        providers: &[
            fixed("Northline Cable Communications Inc."), fixed("Prairie Fiber Llc"), fixed("Harborview Broadband"),
            fixed("Tri-county Telephone Cooperative Inc."), fixed("Summit Internet Services"),
            fixed("Lakeshore Communications"), mobile("Meridian Mobility Llc", "Meridian Wireless USA", 310_470),
            mobile("Bluebird Wireless Usa Inc.", "Bluebird USA", 311_260),
        ],
    },
    Country {
        code: "CA", name: "Canada", utc_offset: -5, masks_addresses: false, language: "en", weight: 70,
        cities: &[
            city("Hamilton", "Ontario", "America/Toronto", "l8p"), city("Calgary", "Alberta", "America/Edmonton", "t2p"),
            city("Halifax", "Nova Scotia", "America/Halifax", "b3h"), city("Laval", "Quebec", "America/Toronto", "h7n"),
        ],
        providers: &[fixed("Boreal Communications Inc."), fixed("Maple Fibre"), mobile("Tundra Mobile", "Tundra Canada", 302_380)],
    },
    Country {
        code: "UK", name: "United Kingdom", utc_offset: 0, masks_addresses: true, language: "en", weight: 90,
        cities: &[
            city("Leeds", "England", "Europe/London", "ls1"), city("Bristol", "England", "Europe/London", "bs3"),
            city("Glasgow", "Scotland", "Europe/London", "g12"), city("Cardiff", "Wales", "Europe/London", "cf10"),
            city("Manchester", "England", "Europe/London", "m14"),
        ],
        providers: &[fixed("Pennine Telecom Plc"), fixed("Albion Broadband Limited"), mobile("Kestrel Mobile Uk", "Kestrel UK", 234_200)],
    },
    Country {
        code: "DE", name: "Germany", utc_offset: 1, masks_addresses: true, language: "de", weight: 60,
        cities: &[
            city("Münster", "North Rhine-Westphalia", "Europe/Berlin", "481"), city("Leipzig", "Saxony", "Europe/Berlin", "041"),
            city("Freiburg", "Baden-Wurttemberg", "Europe/Berlin", "791"), city("Bremen", "Bremen", "Europe/Berlin", "281"),
        ],
        providers: &[fixed("Nordnetz Gmbh"), fixed("Rheinkabel Ag"), mobile("Funkwerk Mobil Gmbh", "Funkwerk Germany", 262_070)],
    },
    Country {
        code: "FR", name: "France", utc_offset: 1, masks_addresses: true, language: "fr", weight: 35,
        cities: &[
            city("Rennes", "Brittany", "Europe/Paris", "350"), city("Saint-Étienne", "Auvergne-Rhone-Alpes", "Europe/Paris", "420"),
            city("?", "Occitanie", "europe/paris", "?"),
        ],
        providers: &[fixed("Armor Telecom Sas"), fixed("Fibre De L'ouest"), mobile("Ondes Mobiles", "Ondes France", 208_170)],
    },
    Country {
        code: "IE", name: "Ireland", utc_offset: 0, masks_addresses: true, language: "en", weight: 14,
        cities: &[city("Galway", "Galway", "Europe/Dublin", "h91"), city("Cork", "Cork", "Europe/Dublin", "t12")],
        providers: &[fixed("Shannon Communications"), mobile("Emerald Mobile", "Emerald Ireland", 272_040)],
    },
    Country {
        code: "ES", name: "Spain", utc_offset: 1, masks_addresses: true, language: "es", weight: 25,
        cities: &[city("Zaragoza", "Aragon", "Europe/Madrid", "500"), city("Málaga", "Andalusia", "Europe/Madrid", "290")],
        providers: &[fixed("Red Levante Sa"), mobile("Movil Sur", "Movil Sur Spain", 214_250)],
    },
    Country {
        code: "SE", name: "Sweden", utc_offset: 1, masks_addresses: true, language: "sv", weight: 14,
        cities: &[city("Malmö", "Skane", "Europe/Stockholm", "211"), city("Umeå", "Vasterbotten", "Europe/Stockholm", "903")],
        providers: &[fixed("Norrsken Bredband Ab"), mobile("Fjäll Mobil", "Fjall Sweden", 240_350)],
    },
    Country {
        code: "BR", name: "Brazil", utc_offset: -3, masks_addresses: false, language: "pt", weight: 40,
        cities: &[
            city("Campinas", "Sao Paulo", "America/Sao_Paulo", "130"), city("Curitiba", "Parana", "America/Sao_Paulo", "800"),
            city("Recife", "Pernambuco", "America/Recife", "500"),
        ],
        providers: &[fixed("Rede Planalto Ltda"), fixed("Conecta Sul Telecom"), mobile("Ipe Celular", "Ipe Brazil", 724_400)],
    },
    Country {
        code: "IN", name: "India", utc_offset: 5, masks_addresses: false, language: "en", weight: 40,
        cities: &[
            city("Pune", "Maharashtra", "Asia/Kolkata", "4110"), city("Jaipur", "Rajasthan", "Asia/Kolkata", "3020"),
            city("Kochi", "Kerala", "asia/kolkata", "6820"),
        ],
        providers: &[fixed("Deccan Broadband Pvt Ltd"), mobile("Banyan Telecom", "Banyan India", 404_990), mobile("Lotus Cellular", "Lotus India", 405_880)],
    },
    Country {
        code: "PH", name: "Philippines", utc_offset: 8, masks_addresses: false, language: "en", weight: 22,
        cities: &[city("Quezon City", "Metro Manila", "Asia/Manila", "11"), city("Cebu City", "Central Visayas", "Asia/Manila", "60")],
        providers: &[fixed("Visayas Telecommunications"), mobile("Tarsier Mobile", "Tarsier Philippines", 515_880)],
    },
    Country {
        code: "AU", name: "Australia", utc_offset: 10, masks_addresses: false, language: "en", weight: 22,
        cities: &[city("Brisbane", "Queensland", "Australia/Brisbane", "40"), city("Perth", "Western Australia", "Australia/Perth", "60")],
        providers: &[fixed("Outback Internet Pty Ltd"), mobile("Wattle Mobile", "Wattle Australia", 505_880)],
    },
    Country {
        code: "ZA", name: "South Africa", utc_offset: 2, masks_addresses: false, language: "en", weight: 8,
        cities: &[city("Durban", "KwaZulu-Natal", "Africa/Johannesburg", "40")],
        providers: &[fixed("Drakensberg Networks"), mobile("Protea Cellular", "Protea South Africa", 655_880)],
    },
];

/// Hosting companies, whose addresses no household has.
pub(crate) static DATA_CENTRES: &[Provider] = &[
    fixed("Amazon.com Inc."),
    fixed("Google Cloud"),
    fixed("Digitalocean Llc"),
    fixed("Ovh Sas"),
    fixed("Hetzner Online Gmbh"),
    fixed("Microsoft Corporation"),
    fixed("M247 Europe Srl"),
    fixed("Leaseweb Usa Inc."),
];

/// A campus and a relay: proxies of honest people.
pub(crate) static SHARED_EXITS: &[Provider] = &[fixed("Lakeland State University"), fixed("Icloud Private Relay")];

/// How busy each hour of the local day is, from midnight.
pub(crate) const RHYTHM: [u64; 24] =
    [30, 18, 12, 9, 9, 14, 28, 46, 60, 66, 70, 74, 80, 78, 74, 74, 78, 84, 94, 104, 110, 104, 82, 52];

/// How busy a country is in an hour of the UTC day.
pub(crate) fn activity(country: &Country, utc_hour: usize) -> u64 {
    let local_hour = (utc_hour as i64 + country.utc_offset).rem_euclid(24);
    RHYTHM[local_hour as usize]
}
