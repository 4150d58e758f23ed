-- title: Payout and revenue
-- about: By account and currency: in all, and of clicks that something speaks against, as in value_at_risk. Clicks without an
-- about: amount and without a currency make no row.
WITH judged AS (
    SELECT
        k.account,
        k.currency_id,
        k.payout,
        k.revenue,
        COALESCE(e.is_fraud_signal, false)
            OR COALESCE(k.is_proxy, false)
            OR COALESCE(is_datacenter(k.isp_name, k.organization, k.user_ip), false)
            OR COALESCE(is_declared_bot(k.http_user_agent), false) AS is_suspicious
    FROM clicks AS k
    LEFT JOIN error_codes AS e ON k.error_code = e.code
    WHERE k.click_time BETWEEN $from AND $to AND (k.payout IS NOT NULL OR k.revenue IS NOT NULL)
)
SELECT
    account,
    currency_id,
    sum(payout) AS payout,
    sum(revenue) AS revenue,
    sum(payout) FILTER (WHERE is_suspicious) AS payout_at_risk,
    sum(revenue) FILTER (WHERE is_suspicious) AS revenue_at_risk
FROM judged
GROUP BY account, currency_id
HAVING COALESCE(sum(payout), 0) <> 0 OR COALESCE(sum(revenue), 0) <> 0
ORDER BY account, payout DESC NULLS LAST, currency_id NULLS LAST
