-- title: Rates and what is to be expected of them
-- about: Of each entity and quality: x of n clicks have it, and the share that the others have with the same offers in the same
-- about: countries. Few clicks of others say little: the share of a cell is drawn towards that of the offer, and this towards
-- about: that of the account, each with the weight of 50 clicks. Without others, nothing is to be expected.
WITH counts AS (
    SELECT account, who, offer_id, country_code, 'proxy' AS quality, proxies AS x, proxies_known AS n FROM cells
    UNION ALL
    SELECT account, who, offer_id, country_code, 'datacenter', datacenters, datacenters_known FROM cells
    UNION ALL
    SELECT account, who, offer_id, country_code, 'declared_bot', declared_bots, agents_known FROM cells
    UNION ALL
    SELECT account, who, offer_id, country_code, 'robot', robots, robots_known FROM cells
    UNION ALL
    SELECT account, who, offer_id, country_code, 'source_error', source_errors, clicks FROM cells
    UNION ALL
    SELECT account, who, offer_id, country_code, 'repeat', repeats, unique_known FROM cells
    UNION ALL
    SELECT account, who, offer_id, country_code, 'conversion', conversions, conversions_known FROM cells
    UNION ALL
    SELECT account, who, offer_id, country_code, 'no_conversion', conversions_known - conversions, conversions_known FROM cells
    UNION ALL
    SELECT account, who, offer_id, country_code, 'empty_referer', empty_referers, undeclared FROM cells
    UNION ALL
    SELECT account, who, offer_id, country_code, 'geo_error', geo_errors, undeclared FROM cells
    UNION ALL
    SELECT account, who, -1, country_code, 'night', sum(at_night), sum(zones_known)
    FROM hours
    GROUP BY account, who, country_code
),
everybody AS (
    SELECT
        account,
        quality,
        offer_id,
        country_code,
        sum(x) AS cell_x,
        sum(n) AS cell_n,
        sum(sum(x)) OVER (PARTITION BY account, quality, offer_id) AS offer_x,
        sum(sum(n)) OVER (PARTITION BY account, quality, offer_id) AS offer_n,
        sum(sum(x)) OVER (PARTITION BY account, quality) AS account_x,
        sum(sum(n)) OVER (PARTITION BY account, quality) AS account_n
    FROM counts
    WHERE n > 0
    GROUP BY account, quality, offer_id, country_code
),
own AS (
    SELECT
        account,
        who,
        quality,
        offer_id,
        country_code,
        x,
        n,
        sum(x) OVER (PARTITION BY who, quality, offer_id) AS offer_x,
        sum(n) OVER (PARTITION BY who, quality, offer_id) AS offer_n,
        sum(x) OVER (PARTITION BY who, quality) AS account_x,
        sum(n) OVER (PARTITION BY who, quality) AS account_n
    FROM counts
    WHERE n > 0
),
others AS (
    SELECT
        o.who,
        o.quality,
        o.x,
        o.n,
        e.cell_x - o.x AS cell_x,
        e.cell_n - o.n AS cell_n,
        e.offer_x - o.offer_x AS offer_x,
        e.offer_n - o.offer_n AS offer_n,
        e.account_x - o.account_x AS account_x,
        e.account_n - o.account_n AS account_n
    FROM everybody AS e
    INNER JOIN own AS o
        ON e.account = o.account
        AND e.quality = o.quality
        AND e.offer_id = o.offer_id
        AND e.country_code = o.country_code
),
expected AS (
    SELECT
        who,
        quality,
        x,
        n,
        (cell_x + 50 * (offer_x + 50 * CAST(account_x AS DOUBLE) / NULLIF(account_n, 0)) / (offer_n + 50))
            / (cell_n + 50) AS share
    FROM others
),
judged AS (
    -- Added as decimals: a sum of fractions depends on the order in which they come, which is chance.
    SELECT
        who,
        quality,
        sum(x) AS x,
        sum(n) AS n,
        CAST(sum(CAST(n * share AS DECIMAL(38, 15))) AS DOUBLE) / sum(n) AS expected
    FROM expected
    GROUP BY who, quality
)
SELECT e.account, e.entity, j.quality, j.x, j.n, j.expected
FROM judged AS j
INNER JOIN entities AS e ON j.who = e.who
