-- title: Invalid and proxy rate by affiliate
-- about: By account and affiliate: clicks as landed, and the shares of refused and of proxy clicks among those that rest on the
-- about: account's best basis in the range, as in report/figures, so that affiliates can be compared. An affiliate without such
-- about: clicks has no rates.
-- needs: network-clicks | affiliate-clicks
WITH counted AS (
    SELECT
        account,
        affiliate_id,
        max(affiliate_name) AS affiliate_name,
        -- Best first; 6 has no denominator.
        COALESCE(basis, 6) AS basis,
        count(*) AS clicks,
        count(*) FILTER (WHERE error_code <> 0) AS invalid_clicks,
        count(is_proxy) AS proxy_known_clicks,
        count(*) FILTER (WHERE is_proxy) AS proxy_clicks
    FROM rated_clicks
    WHERE click_time BETWEEN $from AND $to
    GROUP BY account, affiliate_id, basis
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
ranked AS (
    SELECT *, judged_basis < 6 AND judged_basis = min(judged_basis) OVER (PARTITION BY account) AS is_rated
    FROM judged
),
totals AS (
    SELECT
        account,
        affiliate_id,
        max(affiliate_name) AS affiliate_name,
        CAST(sum(clicks) AS BIGINT) AS clicks,
        CAST(sum(CASE WHEN is_rated THEN clicks ELSE 0 END) AS BIGINT) AS rated_clicks,
        CAST(sum(CASE WHEN is_rated THEN invalid_clicks ELSE 0 END) AS BIGINT) AS invalid_clicks,
        CAST(sum(CASE WHEN is_rated THEN proxy_known_clicks ELSE 0 END) AS BIGINT) AS proxy_known_clicks,
        CAST(sum(CASE WHEN is_rated THEN proxy_clicks ELSE 0 END) AS BIGINT) AS proxy_clicks
    FROM ranked
    GROUP BY account, affiliate_id
)
SELECT
    *,
    CAST(invalid_clicks AS DOUBLE) / NULLIF(rated_clicks, 0) AS invalid_rate,
    wilson_lower(invalid_clicks, rated_clicks) AS invalid_low,
    wilson_upper(invalid_clicks, rated_clicks) AS invalid_high,
    CAST(proxy_clicks AS DOUBLE) / NULLIF(proxy_known_clicks, 0) AS proxy_rate,
    wilson_lower(proxy_clicks, proxy_known_clicks) AS proxy_low,
    wilson_upper(proxy_clicks, proxy_known_clicks) AS proxy_high
FROM totals
ORDER BY account, clicks DESC, affiliate_id NULLS LAST
