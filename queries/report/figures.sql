-- title: Key figures
-- about: One row for each account: clicks as landed, and the clicks that its rates count (rated_clicks). These rest on the best
-- about: basis that the account has in the range, as in invalid_rate_by_day, and on nothing else: rests_on says which it is,
-- about: clicks minus rated_clicks are those of other times.
WITH counted AS (
    SELECT
        k.account,
        k.affiliate_id,
        k.offer_id,
        -- Best first; 6 has no denominator.
        COALESCE(k.basis, 6) AS basis,
        k.rests_on,
        count(*) AS clicks,
        count(*) FILTER (WHERE k.error_code <> 0) AS invalid_clicks,
        count(*) FILTER (WHERE d.is_fraud_signal) AS fraud_clicks,
        count(k.is_proxy) AS proxy_known_clicks,
        count(*) FILTER (WHERE k.is_proxy) AS proxy_clicks,
        count(*) FILTER (WHERE is_datacenter(k.isp_name, k.organization, k.user_ip)) AS datacenter_clicks
    FROM rated_clicks AS k
    LEFT JOIN error_codes AS d ON k.error_code = d.code
    WHERE k.click_time BETWEEN $from AND $to
    GROUP BY k.account, k.affiliate_id, k.offer_id, k.basis, k.rests_on
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
        CAST(sum(clicks) AS BIGINT) AS clicks,
        CAST(sum(CASE WHEN is_rated THEN clicks ELSE 0 END) AS BIGINT) AS rated_clicks,
        CAST(sum(CASE WHEN is_rated THEN invalid_clicks ELSE 0 END) AS BIGINT) AS invalid_clicks,
        CAST(sum(CASE WHEN is_rated THEN fraud_clicks ELSE 0 END) AS BIGINT) AS fraud_clicks,
        CAST(sum(CASE WHEN is_rated THEN proxy_known_clicks ELSE 0 END) AS BIGINT) AS proxy_known_clicks,
        CAST(sum(CASE WHEN is_rated THEN proxy_clicks ELSE 0 END) AS BIGINT) AS proxy_clicks,
        CAST(sum(CASE WHEN is_rated THEN datacenter_clicks ELSE 0 END) AS BIGINT) AS datacenter_clicks,
        count(DISTINCT affiliate_id) AS affiliates,
        count(DISTINCT offer_id) AS offers,
        max(CASE WHEN is_rated THEN rests_on END) AS rests_on
    FROM ranked
    GROUP BY account
)
SELECT
    *,
    wilson_lower(invalid_clicks, rated_clicks) AS invalid_low,
    wilson_upper(invalid_clicks, rated_clicks) AS invalid_high,
    wilson_lower(fraud_clicks, rated_clicks) AS fraud_low,
    wilson_upper(fraud_clicks, rated_clicks) AS fraud_high,
    wilson_lower(proxy_clicks, proxy_known_clicks) AS proxy_low,
    wilson_upper(proxy_clicks, proxy_known_clicks) AS proxy_high,
    wilson_lower(datacenter_clicks, rated_clicks) AS datacenter_low,
    wilson_upper(datacenter_clicks, rated_clicks) AS datacenter_high
FROM totals
ORDER BY account
