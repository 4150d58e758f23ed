//! How each feed words a click, quirks included.
//!
//! Promises that both network feeds say the same of a click, and that the affiliate's feed says nothing it does not know (no
//! advertiser, no user agent, no revenue of the network).

use std::borrow::Cow;

use crate::Feed;
use crate::click::{Click, error_message};
use crate::random::{Dice, Purpose};
use crate::shapes::{
    AdvertiserObject, AffiliateObject, AffiliateOffer, AffiliateRelationship, AffiliateRow, Campaign,
    DeviceInformation, EmployeeObject, Geolocation, Money, NetworkOffer, NetworkRelationship, NetworkRow, Shuffled,
    TextOrNumber,
};
use crate::world::{Advertiser, Affiliate, Employee, NETWORK_ID, Offer, TRACKING_DOMAINS, World};

/// The one smart link that clicks come through.
pub(crate) const CAMPAIGN_ID: i64 = 6;

/// The JSON text of a click in a feed. `new_fields`: the answer carries keys that its documentation does not know yet.
pub(crate) fn render(click: &Click<'_>, feed: Feed, world: &World, seed: u64, new_fields: bool) -> String {
    let mut dice = Dice::new(seed, Purpose::Rendering, click.rendering_key, feed as u64);
    let mut text = Vec::with_capacity(3072);
    let written = match feed {
        Feed::AffiliateClicks => serde_json::to_writer(&mut text, &affiliate_row(click, new_fields, &mut dice)),
        Feed::NetworkClicks | Feed::InvalidClicks => {
            serde_json::to_writer(&mut text, &network_row(click, feed, world, new_fields, &mut dice))
        }
    };
    debug_assert!(written.is_ok(), "rows have text keys and finite numbers only");
    String::from_utf8(text).unwrap_or_default()
}

/// The JSON text of a click with only the keys that tell one click from another, a third as long; what it leaves out is empty or
/// follows from ids.
pub(crate) fn render_lean(click: &Click<'_>) -> String {
    let Click { offer, visitor, affiliate, .. } = click;
    let device = &visitor.device;
    let row = serde_json::json!({
        "transaction_id": click.transaction_id,
        "unix_timestamp": click.unix_seconds,
        "is_unique": u8::from(click.is_unique),
        "error_code": click.error_code,
        "user_ip": visitor.address,
        "sub1": click.subs[0],
        "sub2": click.subs[1],
        "referer": visitor.referer,
        "payout_type": offer.payment.payout_type,
        "payout": Money(click.payout),
        "revenue": Money(click.revenue),
        "has_conversion": click.has_conversion,
        "relationship": {
            "offer": { "network_offer_id": offer.id, "name": offer.name },
            "affiliate": { "network_affiliate_id": affiliate.id, "name": affiliate.name },
            "geolocation": {
                "country_code": visitor.country.code,
                "timezone": visitor.city.timezone,
                "carrier_name": visitor.provider.carrier,
                "isp_name": visitor.provider.isp,
                "is_proxy": visitor.is_proxy,
            },
            "device_information": {
                "platform_name": device.platform,
                "browser_name": device.browser,
                "device_type": device.device_type,
                "language": visitor.language,
                "is_robot": false,
            },
            "http_user_agent": device.user_agent,
        },
    });
    row.to_string()
}

fn network_row<'a>(
    click: &'a Click<'_>,
    feed: Feed,
    world: &'a World,
    new_fields: bool,
    dice: &mut Dice,
) -> NetworkRow<'a> {
    let Click { offer, visitor, .. } = click;
    let ids = &visitor.advertising_id;
    // Only the stream was extended to ten subs.
    let late_sub = |index: usize| (feed == Feed::NetworkClicks).then(|| click.subs[index].as_str());
    NetworkRow {
        transaction_id: &click.transaction_id,
        is_unique: click.is_unique.into(),
        unix_timestamp: click.unix_seconds,
        tracking_url: TRACKING_DOMAINS[offer.tracking_domain].1,
        source_id: "",
        sub1: &click.subs[0],
        sub2: &click.subs[1],
        sub3: &click.subs[2],
        sub4: &click.subs[3],
        sub5: &click.subs[4],
        sub6: late_sub(5),
        sub7: late_sub(6),
        sub8: late_sub(7),
        sub9: late_sub(8),
        sub10: late_sub(9),
        payout_type: offer.payment.payout_type,
        revenue_type: offer.payment.revenue_type,
        payout: Money(click.payout),
        revenue: Money(click.revenue),
        referer: &visitor.referer,
        previous_network_offer_id: if click.error_code == 29 { offer.id + 2 } else { 0 },
        error_code: click.error_code,
        project_id: text_or_number(&offer.project_id, dice),
        user_ip: &visitor.address,
        error_message: error_message(click.error_code),
        url: landing_url(click),
        is_view_through: false,
        is_async: visitor.device.client_hints,
        server_side_url: server_side_url(click),
        server_side_output: "",
        custom_landing_page_id: 0,
        is_test_mode: false,
        idfa: &ids.idfa[0],
        idfa_md5: &ids.idfa[1],
        idfa_sha1: &ids.idfa[2],
        google_ad_id: &ids.google[0],
        google_ad_id_md5: &ids.google[1],
        google_ad_id_sha1: &ids.google[2],
        android_id: &ids.android[0],
        android_id_md5: &ids.android[1],
        android_id_sha1: &ids.android[2],
        error_filter_id: "",
        has_conversion: click.has_conversion,
        is_pass_through: false,
        creative_id: 0,
        relationship: network_relationship(click, world, new_fields, dice),
        coupon_code: click.coupon_code,
        redirect_method: if visitor.device.client_hints { "async" } else { "standard" },
        is_sdk_click: false,
        category_id: offer.category_id,
        currency_id: offer.currency,
        click_origin: new_fields.then_some(click_origin(click)),
    }
}

fn affiliate_row<'a>(click: &'a Click<'_>, new_fields: bool, dice: &mut Dice) -> AffiliateRow<'a> {
    let Click { offer, visitor, .. } = click;
    let ids = &visitor.advertising_id;
    AffiliateRow {
        transaction_id: &click.transaction_id,
        is_unique: click.is_unique.into(),
        unix_timestamp: click.unix_seconds,
        tracking_url: TRACKING_DOMAINS[offer.tracking_domain].1,
        source_id: "",
        sub1: &click.subs[0],
        sub2: &click.subs[1],
        sub3: &click.subs[2],
        sub4: &click.subs[3],
        sub5: &click.subs[4],
        // The affiliate earns what the network pays out.
        revenue_type: offer.payment.payout_type,
        revenue: Money(click.payout),
        referer: &visitor.referer,
        error_code: click.error_code,
        user_ip: &visitor.address,
        error_message: error_message(click.error_code),
        idfa: &ids.idfa[0],
        idfa_md5: &ids.idfa[1],
        idfa_sha1: &ids.idfa[2],
        google_ad_id: &ids.google[0],
        google_ad_id_md5: &ids.google[1],
        google_ad_id_sha1: &ids.google[2],
        android_id: &ids.android[0],
        android_id_md5: &ids.android[1],
        android_id_sha1: &ids.android[2],
        relationship: AffiliateRelationship {
            offer: AffiliateOffer {
                network_offer_id: offer.id,
                network_id: NETWORK_ID,
                name: &offer.name,
                offer_status: offer.status,
                network_tracking_domain_id: TRACKING_DOMAINS[offer.tracking_domain].0,
            },
            geolocation: geolocation(click, dice),
            device_information: device_information(click, new_fields),
            query_parameters: query_parameters(click, dice),
        },
        coupon_code: click.coupon_code,
        currency_id: offer.currency,
        click_origin: new_fields.then_some(click_origin(click)),
    }
}

fn network_relationship<'a>(
    click: &'a Click<'_>,
    world: &'a World,
    new_fields: bool,
    dice: &mut Dice,
) -> NetworkRelationship<'a> {
    let advertiser = &world.advertisers[click.offer.advertiser];
    NetworkRelationship {
        offer: network_offer(click.offer, advertiser),
        advertiser: AdvertiserObject {
            network_advertiser_id: advertiser.id,
            network_id: NETWORK_ID,
            name: &advertiser.name,
            account_status: advertiser.account_status,
        },
        account_manager: employee_object(&world.employees[advertiser.manager]),
        affiliate: affiliate_object(click.affiliate),
        affiliate_manager: employee_object(&world.employees[click.affiliate.manager]),
        geolocation: geolocation(click, dice),
        device_information: device_information(click, new_fields),
        http_user_agent: &click.visitor.device.user_agent,
        query_parameters: query_parameters(click, dice),
        forensiq_score: click.visitor.forensiq_score.to_string(),
        campaign: click
            .in_campaign
            .then_some(Campaign { network_campaign_id: CAMPAIGN_ID, campaign_name: "Smart link" }),
    }
}

fn network_offer<'a>(offer: &'a Offer, advertiser: &Advertiser) -> NetworkOffer<'a> {
    NetworkOffer {
        network_offer_id: offer.id,
        network_id: NETWORK_ID,
        network_advertiser_id: advertiser.id,
        network_offer_group_id: offer.group_id,
        name: &offer.name,
        offer_status: offer.status,
        network_tracking_domain_id: TRACKING_DOMAINS[offer.tracking_domain].0,
        visibility: offer.visibility,
        currency_id: offer.currency,
    }
}

fn affiliate_object(affiliate: &Affiliate) -> AffiliateObject<'_> {
    AffiliateObject {
        network_affiliate_id: affiliate.id,
        network_id: NETWORK_ID,
        name: &affiliate.name,
        account_status: affiliate.account_status,
        network_traffic_source_id: affiliate.traffic_source_id,
    }
}

fn employee_object(employee: &Employee) -> EmployeeObject<'_> {
    EmployeeObject {
        network_employee_id: employee.id,
        network_id: NETWORK_ID,
        first_name: employee.first_name,
        last_name: employee.last_name,
        full_name: format!("{} {}", employee.first_name, employee.last_name),
        account_status: employee.account_status,
    }
}

fn geolocation<'a>(click: &'a Click<'_>, dice: &mut Dice) -> Geolocation<'a> {
    let visitor = &click.visitor;
    Geolocation {
        country_code: visitor.country.code,
        country_name: visitor.country.name,
        region_code: "",
        region_name: visitor.city.region,
        city_name: visitor.city.name,
        dma: visitor.city.dma,
        dma_name: visitor.city.dma_name,
        timezone: visitor.city.timezone,
        carrier_name: visitor.provider.carrier,
        carrier_code: match visitor.provider.carrier_code {
            code if dice.chance(300) && code != 0 => TextOrNumber::Text(code.to_string()),
            code => TextOrNumber::Number(code),
        },
        organization: "",
        isp_name: visitor.provider.isp,
        is_mobile: false,
        is_proxy: visitor.is_proxy,
        postal_code: &visitor.postal_code,
    }
}

fn device_information<'a>(click: &'a Click<'_>, new_fields: bool) -> DeviceInformation<'a> {
    let device = &click.visitor.device;
    DeviceInformation {
        is_mobile: device.is_mobile,
        platform_name: device.platform,
        os_version: &device.os_version,
        brand: device.brand,
        model: device.model,
        is_tablet: device.is_tablet,
        browser_name: device.browser,
        browser_version: "",
        device_type: device.device_type,
        language: click.visitor.language,
        http_accept_language: "",
        // Never true in a real answer, not even for agents that say what they are.
        is_robot: false,
        is_filter: false,
        is_webview: new_fields.then_some(click_origin(click) == "app"),
    }
}

/// What the link carried: the ids, the subs that were given, client hints.
fn query_parameters<'a>(click: &'a Click<'_>, dice: &mut Dice) -> Shuffled<'a> {
    let device = &click.visitor.device;
    let mut parameters: Vec<(&'static str, Cow<'a, str>)> = vec![
        ("oid", click.offer.id.to_string().into()),
        ("affid", click.affiliate.id.to_string().into()),
        ("_ef_transaction_id", "".into()),
        ("__cc", "".into()),
    ];
    let names = ["sub1", "sub2", "sub3", "sub4", "sub5", "sub6", "sub7", "sub8", "sub9", "sub10"];
    for (name, sub) in names.into_iter().zip(&click.subs).filter(|(_, sub)| !sub.is_empty()) {
        parameters.push((name, sub.as_str().into()));
    }
    if device.client_hints {
        parameters.push(("async", "json".into()));
        parameters.push(("sec_ch_ua_platform", device.platform.into()));
        parameters.push(("sec_ch_ua_platform_version", format!("{}.0", device.os_version).into()));
    }
    dice.shuffle(&mut parameters);
    Shuffled(parameters)
}

fn text_or_number<'a>(id: &'a str, dice: &mut Dice) -> TextOrNumber<'a> {
    match id.parse() {
        Ok(number) if dice.chance(500) => TextOrNumber::Number(number),
        _ => TextOrNumber::Borrowed(id),
    }
}

/// Where a good click was sent; known where the offer's pages are ours to build.
fn landing_url(click: &Click<'_>) -> String {
    if click.error_code != 0 || click.offer.id % 3 != 0 {
        return String::new();
    }
    format!("{}?tid={}&aff={}", click.offer.landing_page, click.transaction_id, click.affiliate.id)
}

fn server_side_url(click: &Click<'_>) -> String {
    if click.error_code != 0 || !click.offer.server_side {
        return String::new();
    }
    format!("https://s2s.shop.example/click?offer={}&tid={}", click.offer.id, click.transaction_id)
}

fn click_origin(click: &Click<'_>) -> &'static str {
    let ids = &click.visitor.advertising_id;
    if ids.idfa[0].is_empty() && ids.google[0].is_empty() { "web" } else { "app" }
}
