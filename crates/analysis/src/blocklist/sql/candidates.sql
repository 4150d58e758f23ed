-- Values most of whose clicks are bad, with what blocking them would have cost. Of one affiliate's clicks where one is named, but
-- who shares a value is looked for among all. What no click of a value says is NULL, not 0.
WITH rated AS (
    -- An account whose clicks of unknown feed are all invalid most likely landed the invalid feed without naming it.
    SELECT *, basis = 5 AND count(*) FILTER (WHERE error_code = 0) OVER (PARTITION BY account, basis) = 0 AS is_unnamed
    FROM judged
),
sharing AS (
    SELECT
        value,
        account,
        {affiliate} AS affiliate_id,
        NULLIF(count(DISTINCT http_user_agent), 0) AS user_agents,
        NULLIF(count(DISTINCT affiliate_id), 0) AS affiliates
    FROM rated
    WHERE value IS NOT NULL AND value <> ''
    GROUP BY value, account{by_affiliate}
),
named AS (
    SELECT
        *
    FROM rated
    WHERE value IS NOT NULL AND value <> '' AND NOT is_unnamed AND ($affiliate IS NULL OR affiliate_id = $affiliate)
),
counted AS (
    SELECT
        value,
        account,
        {affiliate} AS affiliate_id,
        count(*) AS clicks,
        count(*) FILTER (WHERE is_bad) AS bad_clicks,
        CASE WHEN count(has_conversion) > 0 THEN count(*) FILTER (WHERE has_conversion) END AS conversions,
        CASE WHEN count(is_unique) > 0 THEN count(*) FILTER (WHERE is_unique) END AS unique_clicks,
        count(*) FILTER (WHERE is_carrier) AS carrier_clicks,
        count(*) FILTER (WHERE place ~ 'universit|college|school|campus|hochschule|academ') AS campus_clicks,
        count(*) FILTER (WHERE place LIKE '%private relay%') AS relay_clicks,
        money_by_currency(payout, currency_id) AS payout,
        money_by_currency(revenue, currency_id) AS revenue,
        concat_ws('; ', {reasons}) AS reasons
    FROM named
    GROUP BY value, account{by_affiliate}
)
SELECT
    c.value,
    c.account,
    c.affiliate_id,
    c.conversions,
    c.revenue,
    c.payout,
    c.clicks - c.bad_clicks AS good_clicks,
    c.unique_clicks,
    s.user_agents,
    s.affiliates,
    CASE
        WHEN c.carrier_clicks * 2 >= c.clicks THEN 'a mobile carrier: thousands share it'
        WHEN c.relay_clicks * 2 >= c.clicks THEN 'a privacy relay: many share it'
        WHEN c.campus_clicks * 2 >= c.clicks THEN 'a campus: many share it'
        WHEN {is_address} AND s.user_agents >= 20 THEN concat(s.user_agents, ' user agents: many may share it')
        WHEN {is_address} AND s.affiliates >= 3 THEN concat('clicks of ', s.affiliates, ' affiliates')
    END AS warning,
    c.clicks,
    c.bad_clicks,
    CAST(c.bad_clicks AS DOUBLE) / c.clicks AS bad_share,
    wilson_lower(c.bad_clicks, c.clicks) AS bad_share_low,
    c.reasons
FROM counted AS c
INNER JOIN sharing AS s
    ON c.value = s.value AND c.account = s.account AND (c.affiliate_id IS NOT DISTINCT FROM s.affiliate_id)
WHERE c.clicks >= $min_clicks AND c.bad_clicks >= $min_share * c.clicks
