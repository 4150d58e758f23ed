-- title: Clicks with their entity
-- about: Every other shared table is made from this one. An address is the whole one (of IPv6 the /64, which a household has),
-- about: a network its /24 or /48; both and agents are fingerprints, and NULL where the click does not say. The address of a data
-- about: centre is nobody's: it is counted as such, and NULL here, so that a partner's server or a VPN is not taken for one visitor.
-- about: who stands for account and entity where millions of rows are sorted or grouped by them: a number is faster than two texts.
SELECT
    account,
    {entity} AS entity,
    {entity_name} AS entity_name,
    fingerprint(account || '/' || {entity}) AS who,
    click_time,
    CAST(date_part('epoch', click_time) AS BIGINT) AS epoch,
    offer_id,
    country_code,
    geo_timezone,
    lower(substr(language, 1, 2)) AS language,
    CASE WHEN NOT COALESCE(is_datacenter(isp_name, organization, user_ip), false) THEN
        fingerprint(CASE WHEN strpos(user_ip, ':') > 0 THEN ip_prefix(user_ip, 32, 64) ELSE user_ip END)
    END AS address,
    CASE WHEN NOT COALESCE(is_datacenter(isp_name, organization, user_ip), false) THEN
        fingerprint(ip_prefix(user_ip, 24, 48))
    END AS network,
    strpos(user_ip, 'x') > 0 AS is_masked,
    carrier_name IS NOT NULL AS is_carrier,
    is_datacenter(isp_name, organization, user_ip) AS is_datacenter,
    http_user_agent,
    fingerprint(http_user_agent) AS agent,
    platform_name,
    browser_name,
    device_type,
    fingerprint(referer) AS referer,
    fingerprint(sub1) AS sub1,
    error_code,
    is_unique,
    is_proxy,
    is_robot,
    has_conversion,
    payout
FROM rated_clicks
WHERE basis IS NOT NULL AND click_time BETWEEN $from AND $to
