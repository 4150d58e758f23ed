-- title: Rates and what is to be expected of them
-- about: Of each entity and quality: x of n clicks have it, and the share that the others have with the same offers in the same
-- about: countries. Few clicks of others say little: the share of a cell is drawn towards that of the offer, and this towards
-- about: that of the account, each with the weight of 50 clicks. Without others, nothing is to be expected.
WITH undeclared AS (
    SELECT
        account,
        entity,
        offer_id,
        country_code,
        sum(clicks) AS clicks,
        sum(unique_known) AS unique_known,
        sum(repeats) AS repeats,
        sum(conversions_known) AS conversions_known,
        sum(conversions) AS conversions,
        sum(empty_referers) AS empty_referers,
        COALESCE(sum(clicks) FILTER (WHERE error_code BETWEEN 9 AND 12), 0) AS geo_errors
    FROM cells
    WHERE NOT is_declared_bot
    GROUP BY account, entity, offer_id, country_code
),
everybody AS (
    SELECT
        account,
        entity,
        offer_id,
        country_code,
        sum(clicks) AS clicks,
        sum(agents_known) AS agents_known,
        COALESCE(sum(clicks) FILTER (WHERE is_declared_bot), 0) AS declared_bots,
        sum(proxies_known) AS proxies_known,
        sum(proxies) AS proxies,
        sum(datacenters_known) AS datacenters_known,
        sum(datacenters) AS datacenters,
        sum(robots_known) AS robots_known,
        sum(robots) AS robots,
        COALESCE(
            sum(clicks) FILTER (WHERE error_class(error_code) IN ('proxy', 'duplicate', 'vendor-verdict')), 0
        ) AS source_errors
    FROM cells
    GROUP BY account, entity, offer_id, country_code
),
counts AS (
    SELECT account, entity, offer_id, country_code, 'proxy' AS quality, proxies AS x, proxies_known AS n FROM everybody
    UNION ALL
    SELECT account, entity, offer_id, country_code, 'datacenter', datacenters, datacenters_known FROM everybody
    UNION ALL
    SELECT account, entity, offer_id, country_code, 'declared_bot', declared_bots, agents_known FROM everybody
    UNION ALL
    SELECT account, entity, offer_id, country_code, 'robot', robots, robots_known FROM everybody
    UNION ALL
    SELECT account, entity, offer_id, country_code, 'source_error', source_errors, clicks FROM everybody
    UNION ALL
    SELECT account, entity, offer_id, country_code, 'repeat', repeats, unique_known FROM undeclared
    UNION ALL
    SELECT account, entity, offer_id, country_code, 'conversion', conversions, conversions_known FROM undeclared
    UNION ALL
    SELECT
        account, entity, offer_id, country_code, 'no_conversion', conversions_known - conversions, conversions_known
    FROM undeclared
    UNION ALL
    SELECT account, entity, offer_id, country_code, 'empty_referer', empty_referers, clicks FROM undeclared
    UNION ALL
    SELECT account, entity, offer_id, country_code, 'geo_error', geo_errors, clicks FROM undeclared
    UNION ALL
    SELECT
        account,
        entity,
        CAST(NULL AS BIGINT),
        country_code,
        'night',
        COALESCE(sum(clicks) FILTER (WHERE local_hour(hour, geo_timezone) BETWEEN 1 AND 5), 0),
        COALESCE(sum(clicks) FILTER (WHERE local_hour(hour, geo_timezone) IS NOT NULL), 0)
    FROM hours
    GROUP BY account, entity, country_code
),
others AS (
    SELECT
        account,
        entity,
        quality,
        x,
        n,
        sum(x) OVER (PARTITION BY account, quality, offer_id, country_code) - x AS cell_x,
        sum(n) OVER (PARTITION BY account, quality, offer_id, country_code) - n AS cell_n,
        sum(x) OVER (PARTITION BY account, quality, offer_id)
            - sum(x) OVER (PARTITION BY account, quality, offer_id, entity) AS offer_x,
        sum(n) OVER (PARTITION BY account, quality, offer_id)
            - sum(n) OVER (PARTITION BY account, quality, offer_id, entity) AS offer_n,
        sum(x) OVER (PARTITION BY account, quality) - sum(x) OVER (PARTITION BY account, quality, entity) AS account_x,
        sum(n) OVER (PARTITION BY account, quality) - sum(n) OVER (PARTITION BY account, quality, entity) AS account_n
    FROM counts
),
expected AS (
    SELECT
        account,
        entity,
        quality,
        x,
        n,
        (cell_x + 50 * (offer_x + 50 * CAST(account_x AS DOUBLE) / NULLIF(account_n, 0)) / (offer_n + 50))
            / (cell_n + 50) AS share
    FROM others
)
SELECT account, entity, quality, sum(x) AS x, sum(n) AS n, sum(n * share) / sum(n) AS expected
FROM expected
GROUP BY account, entity, quality
HAVING sum(n) > 0
