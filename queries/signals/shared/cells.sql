-- title: Counts by entity, offer, country and error code
-- about: What the rates are made from: an entity is judged against others with the same offers in the same countries.
SELECT
    c.account,
    c.entity,
    c.offer_id,
    c.country_code,
    c.error_code,
    b.agent IS NOT NULL AS is_declared_bot,
    count(*) AS clicks,
    count(c.agent) AS agents_known,
    count(c.is_proxy) AS proxies_known,
    count(*) FILTER (WHERE c.is_proxy) AS proxies,
    count(c.is_datacenter) AS datacenters_known,
    count(*) FILTER (WHERE c.is_datacenter) AS datacenters,
    count(c.is_robot) AS robots_known,
    count(*) FILTER (WHERE c.is_robot) AS robots,
    -- Behind one server, visitors are one.
    count(c.is_unique) FILTER (WHERE NOT COALESCE(c.is_datacenter, false)) AS unique_known,
    count(*) FILTER (WHERE NOT c.is_unique AND NOT COALESCE(c.is_datacenter, false)) AS repeats,
    count(c.has_conversion) AS conversions_known,
    count(*) FILTER (WHERE c.has_conversion) AS conversions,
    count(*) FILTER (WHERE c.referer IS NULL) AS empty_referers
FROM entity_clicks AS c
LEFT JOIN declared_bots AS b ON c.agent = b.agent
GROUP BY c.account, c.entity, c.offer_id, c.country_code, c.error_code, b.agent IS NOT NULL
