-- title: Counts by entity, offer, country and error code
-- about: What the rates are made from: an entity is judged against others with the same offers in the same countries.
SELECT
    account,
    entity,
    offer_id,
    country_code,
    error_code,
    count(*) AS clicks,
    count(is_proxy) AS proxies_known,
    count(*) FILTER (WHERE is_proxy) AS proxies,
    count(is_datacenter(isp_name, organization, user_ip)) AS datacenters_known,
    count(*) FILTER (WHERE is_datacenter(isp_name, organization, user_ip)) AS datacenters,
    count(is_robot) AS robots_known,
    count(*) FILTER (WHERE is_robot) AS robots,
    count(is_unique) AS unique_known,
    count(*) FILTER (WHERE NOT is_unique) AS repeats,
    count(has_conversion) AS conversions_known,
    count(*) FILTER (WHERE has_conversion) AS conversions,
    count(*) FILTER (WHERE referer IS NULL) AS empty_referers,
    CAST(sum(payout) AS DOUBLE) AS payout
FROM entity_clicks
GROUP BY account, entity, offer_id, country_code, error_code
