-- Values most of whose clicks are bad, with what blocking them would have cost.
WITH named AS (
    SELECT
        *,
        sum(payout) OVER currency AS currency_payout,
        sum(revenue) OVER currency AS currency_revenue,
        row_number() OVER currency = 1 AS is_first_of_currency
    FROM judged
    WHERE value IS NOT NULL AND value <> ''
    WINDOW currency AS (PARTITION BY value, account{by_affiliate}, currency_id)
),
counted AS (
    SELECT
        value,
        account,
        {affiliate} AS affiliate_id,
        count(*) AS clicks,
        count(*) FILTER (WHERE is_bad) AS bad_clicks,
        count(*) FILTER (WHERE has_conversion) AS conversions,
        count(*) FILTER (WHERE is_unique) AS unique_clicks,
        count(*) FILTER (WHERE is_carrier) AS carrier_clicks,
        count(*) FILTER (WHERE place ~ 'universit|college|school|campus|hochschule|academ') AS campus_clicks,
        count(*) FILTER (WHERE place LIKE '%private relay%') AS relay_clicks,
        count(DISTINCT http_user_agent) AS user_agents,
        count(DISTINCT affiliate_id) AS affiliates,
        string_agg(
            CASE WHEN is_first_of_currency THEN concat(CAST(currency_payout AS VARCHAR), ' ', currency_id) END,
            '; ' ORDER BY currency_id
        ) FILTER (WHERE currency_payout IS NOT NULL) AS payout,
        string_agg(
            CASE WHEN is_first_of_currency THEN concat(CAST(currency_revenue AS VARCHAR), ' ', currency_id) END,
            '; ' ORDER BY currency_id
        ) FILTER (WHERE currency_revenue IS NOT NULL) AS revenue,
        concat_ws('; ', {reasons}) AS reasons
    FROM named
    GROUP BY value, account{by_affiliate}
)
SELECT
    value,
    account,
    affiliate_id,
    conversions,
    revenue,
    payout,
    clicks - bad_clicks AS good_clicks,
    unique_clicks,
    user_agents,
    affiliates,
    CASE
        WHEN carrier_clicks * 2 >= clicks THEN 'a mobile carrier: thousands share it'
        WHEN relay_clicks * 2 >= clicks THEN 'a privacy relay: many share it'
        WHEN campus_clicks * 2 >= clicks THEN 'a campus: many share it'
        WHEN {is_address} AND user_agents >= 20 THEN concat(user_agents, ' user agents: many may share it')
        WHEN {is_address} AND affiliates >= 3 THEN concat('clicks of ', affiliates, ' affiliates')
    END AS warning,
    clicks,
    bad_clicks,
    CAST(bad_clicks AS DOUBLE) / clicks AS bad_share,
    wilson_lower(bad_clicks, clicks) AS bad_share_low,
    reasons
FROM counted
WHERE clicks >= $min_clicks AND bad_clicks >= $min_share * clicks
