-- title: Key figures
-- about: One row for each account: clicks as landed, and what of them has a denominator (rated_clicks), for the rates.
WITH counted AS (
    SELECT
        k.account,
        count(*) AS clicks,
        count(k.basis) AS rated_clicks,
        count(*) FILTER (WHERE k.error_code <> 0) AS invalid_clicks,
        count(*) FILTER (WHERE k.error_code <> 0 AND k.basis IS NOT NULL) AS rated_invalid_clicks,
        count(*) FILTER (WHERE d.is_fraud_signal) AS fraud_clicks,
        count(*) FILTER (WHERE d.is_fraud_signal AND k.basis IS NOT NULL) AS rated_fraud_clicks,
        count(k.is_proxy) FILTER (WHERE k.basis IS NOT NULL) AS proxy_known_clicks,
        count(*) FILTER (WHERE k.is_proxy AND k.basis IS NOT NULL) AS proxy_clicks,
        count(*) FILTER (WHERE is_datacenter(k.isp_name, k.organization, k.user_ip) AND k.basis IS NOT NULL) AS datacenter_clicks,
        count(DISTINCT k.affiliate_id) AS affiliates,
        count(DISTINCT k.offer_id) AS offers,
        min(k.basis) AS best_basis,
        max(k.basis) AS worst_basis
    FROM rated_clicks AS k
    LEFT JOIN error_codes AS d ON k.error_code = d.code
    WHERE k.click_time BETWEEN $from AND $to
    GROUP BY k.account
)
SELECT
    *,
    wilson_lower(rated_invalid_clicks, rated_clicks) AS invalid_low,
    wilson_upper(rated_invalid_clicks, rated_clicks) AS invalid_high,
    wilson_lower(rated_fraud_clicks, rated_clicks) AS fraud_low,
    wilson_upper(rated_fraud_clicks, rated_clicks) AS fraud_high,
    wilson_lower(proxy_clicks, proxy_known_clicks) AS proxy_low,
    wilson_upper(proxy_clicks, proxy_known_clicks) AS proxy_high,
    wilson_lower(datacenter_clicks, rated_clicks) AS datacenter_low,
    wilson_upper(datacenter_clicks, rated_clicks) AS datacenter_high
FROM counted
ORDER BY account
