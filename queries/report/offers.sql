-- title: Offers
-- about: By account and offer: clicks as landed, the shares of invalid and of proxy clicks among those that have a denominator,
-- about: the most frequent error class, and the payout, where it is all in one currency.
WITH counted AS (
    SELECT
        account,
        offer_id,
        max(offer_name) AS offer_name,
        count(*) AS clicks,
        count(basis) AS rated_clicks,
        count(*) FILTER (WHERE error_code <> 0 AND basis IS NOT NULL) AS invalid_clicks,
        count(is_proxy) FILTER (WHERE basis IS NOT NULL) AS proxy_known_clicks,
        count(*) FILTER (WHERE is_proxy AND basis IS NOT NULL) AS proxy_clicks,
        count(DISTINCT affiliate_id) AS affiliates,
        CASE WHEN count(DISTINCT currency_id) <= 1 THEN max(currency_id) END AS currency_id,
        CASE WHEN count(DISTINCT currency_id) <= 1 THEN sum(payout) END AS payout
    FROM rated_clicks
    WHERE click_time BETWEEN $from AND $to
    GROUP BY account, offer_id
),
classes AS (
    SELECT account, offer_id, error_class(error_code) AS class, count(*) AS clicks
    FROM clicks
    WHERE click_time BETWEEN $from AND $to AND error_code <> 0
    GROUP BY account, offer_id, error_class(error_code)
),
ranked AS (
    SELECT *, row_number() OVER (PARTITION BY account, offer_id ORDER BY clicks DESC, class) AS place
    FROM classes
)
SELECT
    c.*,
    CAST(c.invalid_clicks AS DOUBLE) / NULLIF(c.rated_clicks, 0) AS invalid_rate,
    wilson_lower(c.invalid_clicks, c.rated_clicks) AS invalid_low,
    wilson_upper(c.invalid_clicks, c.rated_clicks) AS invalid_high,
    CAST(c.proxy_clicks AS DOUBLE) / NULLIF(c.proxy_known_clicks, 0) AS proxy_rate,
    r.class AS top_class
FROM counted AS c
LEFT JOIN ranked AS r ON c.account = r.account AND (c.offer_id IS NOT DISTINCT FROM r.offer_id) AND r.place = 1
ORDER BY c.account, c.clicks DESC, c.offer_id NULLS LAST
