-- title: Offers
-- about: By account and offer: clicks as landed, the shares of invalid and of proxy clicks among those that rest on the account's
-- about: best basis in the range, as in report/figures, the most frequent error class, and the payout, where it is all in one currency.
WITH counted AS (
    SELECT
        account,
        offer_id,
        affiliate_id,
        currency_id,
        max(offer_name) AS offer_name,
        -- Best first; 6 has no denominator.
        COALESCE(basis, 6) AS basis,
        count(*) AS clicks,
        count(*) FILTER (WHERE error_code <> 0) AS invalid_clicks,
        count(is_proxy) AS proxy_known_clicks,
        count(*) FILTER (WHERE is_proxy) AS proxy_clicks,
        sum(payout) AS payout
    FROM rated_clicks
    WHERE click_time BETWEEN $from AND $to
    GROUP BY account, offer_id, affiliate_id, currency_id, basis
),
judged AS (
    -- An account whose clicks of unknown feed are all invalid most likely landed the invalid feed without naming it.
    SELECT
        *,
        CASE
            WHEN basis = 5 AND sum(clicks - invalid_clicks) OVER (PARTITION BY account, basis) = 0 THEN 6
            ELSE basis
        END AS judged_basis
    FROM counted
),
best AS (
    SELECT *, judged_basis < 6 AND judged_basis = min(judged_basis) OVER (PARTITION BY account) AS is_rated
    FROM judged
),
totals AS (
    SELECT
        account,
        offer_id,
        max(offer_name) AS offer_name,
        CAST(sum(clicks) AS BIGINT) AS clicks,
        CAST(sum(CASE WHEN is_rated THEN clicks ELSE 0 END) AS BIGINT) AS rated_clicks,
        CAST(sum(CASE WHEN is_rated THEN invalid_clicks ELSE 0 END) AS BIGINT) AS invalid_clicks,
        CAST(sum(CASE WHEN is_rated THEN proxy_known_clicks ELSE 0 END) AS BIGINT) AS proxy_known_clicks,
        CAST(sum(CASE WHEN is_rated THEN proxy_clicks ELSE 0 END) AS BIGINT) AS proxy_clicks,
        count(DISTINCT affiliate_id) AS affiliates,
        CASE WHEN count(DISTINCT currency_id) <= 1 THEN max(currency_id) END AS currency_id,
        CASE WHEN count(DISTINCT currency_id) <= 1 THEN sum(payout) END AS payout
    FROM best
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
FROM totals AS c
LEFT JOIN ranked AS r ON c.account = r.account AND (c.offer_id IS NOT DISTINCT FROM r.offer_id) AND r.place = 1
ORDER BY c.account, c.clicks DESC, c.offer_id NULLS LAST
