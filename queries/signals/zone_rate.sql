-- title: Time zones of elsewhere
-- about: Share of clicks whose time zone is of an area that fewer than one in ten of the country's visitors are in.
-- family: geography
-- kind: rate
-- min_exposure: 30
-- reason: {observed} of the clicks come with a time zone that does not belong to the country; {expected} were to be expected of these countries
WITH shares AS (
    SELECT
        account,
        entity,
        country_code,
        area AS said,
        sum(clicks) AS clicks,
        sum(sum(clicks)) OVER (PARTITION BY account, country_code, area) AS alike,
        sum(sum(clicks)) OVER (PARTITION BY account, country_code) AS of_country
    FROM languages
    WHERE area IS NOT NULL
    GROUP BY account, entity, country_code, area
),
judged AS (
    SELECT account, entity, country_code, clicks, alike < 0.1 * of_country AS is_foreign
    FROM shares
),
others AS (
    SELECT
        account,
        entity,
        country_code,
        COALESCE(sum(clicks) FILTER (WHERE is_foreign), 0) AS x,
        sum(clicks) AS n
    FROM judged
    GROUP BY account, entity, country_code
),
expected AS (
    SELECT
        account,
        entity,
        x,
        n,
        sum(x) OVER (PARTITION BY account, country_code) - x AS cell_x,
        sum(n) OVER (PARTITION BY account, country_code) - n AS cell_n,
        sum(x) OVER (PARTITION BY account) - sum(x) OVER (PARTITION BY account, entity) AS account_x,
        sum(n) OVER (PARTITION BY account) - sum(n) OVER (PARTITION BY account, entity) AS account_n
    FROM others
)
SELECT
    account,
    entity,
    sum(x) AS x,
    sum(n) AS n,
    sum(n * (cell_x + 50 * CAST(account_x AS DOUBLE) / NULLIF(account_n, 0)) / (cell_n + 50)) / sum(n) AS expected
FROM expected
GROUP BY account, entity
