-- title: Counts by entity, offer and country
-- about: What the rates are made from: an entity is judged against others with the same offers in the same countries.
SELECT
    e.account,
    e.entity,
    c.*
FROM (
    SELECT
        who,
        -- A NULL would have to be joined by IS NOT DISTINCT FROM, which compares each with each.
        COALESCE(offer_id, -1) AS offer_id,
        COALESCE(country_code, '') AS country_code,
        count(*) AS clicks,
        count(agent) AS agents_known,
        count(*) FILTER (WHERE is_declared) AS declared_bots,
        count(is_proxy) AS proxies_known,
        count(*) FILTER (WHERE is_proxy) AS proxies,
        count(is_datacenter) AS datacenters_known,
        count(*) FILTER (WHERE is_datacenter) AS datacenters,
        count(is_robot) AS robots_known,
        count(*) FILTER (WHERE is_robot) AS robots,
        count(*) FILTER (WHERE error_class(error_code) IN ('proxy', 'duplicate', 'vendor-verdict')) AS source_errors,
        count(*) FILTER (WHERE NOT is_declared) AS undeclared,
        -- Behind one server, visitors are one.
        count(is_unique) FILTER (WHERE NOT is_declared AND NOT COALESCE(is_datacenter, false)) AS unique_known,
        count(*) FILTER (WHERE NOT is_declared AND NOT is_unique AND NOT COALESCE(is_datacenter, false)) AS repeats,
        count(has_conversion) FILTER (WHERE NOT is_declared) AS conversions_known,
        count(*) FILTER (WHERE NOT is_declared AND has_conversion) AS conversions,
        count(*) FILTER (WHERE NOT is_declared AND referer IS NULL) AS empty_referers,
        count(*) FILTER (WHERE NOT is_declared AND error_code BETWEEN 9 AND 12) AS geo_errors
    FROM (
        SELECT c.*, b.agent IS NOT NULL AS is_declared
        FROM entity_clicks AS c
        LEFT JOIN declared_bots AS b ON c.agent = b.agent
    ) AS c
    GROUP BY who, COALESCE(offer_id, -1), COALESCE(country_code, '')
) AS c
INNER JOIN entities AS e ON c.who = e.who
