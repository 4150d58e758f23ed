-- title: Value at risk by affiliate
-- group: Money
-- about: Payout and revenue, by currency, of clicks that something speaks against: an error code that is a fraud signal, a proxy, a
-- about: data centre, a declared bot. A click counts once in suspicious_clicks, however many reasons it has, and under each of
-- about: its reasons. None is proof; it is the most that could be asked back, not what should be.
-- needs: network-clicks | affiliate-clicks
-- needs: invalid-clicks | affiliate-clicks
-- chart: bar x=payout_at_risk y=affiliate_name
WITH judged AS (
    SELECT
        k.account,
        k.affiliate_id,
        k.affiliate_name,
        k.currency_id,
        k.payout,
        k.revenue,
        COALESCE(e.is_fraud_signal, false) AS by_code,
        COALESCE(k.is_proxy, false) AS by_proxy,
        COALESCE(is_datacenter(k.isp_name, k.organization, k.user_ip), false) AS by_datacenter,
        is_declared_bot(k.http_user_agent) AS by_bot
    FROM clicks AS k
    LEFT JOIN error_codes AS e ON k.error_code = e.code
    WHERE k.click_time BETWEEN $from AND $to
),
marked AS (
    SELECT *, by_code OR by_proxy OR by_datacenter OR COALESCE(by_bot, false) AS is_suspicious
    FROM judged
)
SELECT
    account,
    affiliate_id,
    max(affiliate_name) AS affiliate_name,
    currency_id,
    count(*) AS clicks,
    count(*) FILTER (WHERE is_suspicious) AS suspicious_clicks,
    count(*) FILTER (WHERE by_code) AS fraud_signal_codes,
    count(*) FILTER (WHERE by_proxy) AS proxies,
    count(*) FILTER (WHERE by_datacenter) AS datacenters,
    CASE WHEN count(by_bot) > 0 THEN count(*) FILTER (WHERE by_bot) END AS declared_bots,
    sum(payout) AS payout,
    sum(payout) FILTER (WHERE is_suspicious) AS payout_at_risk,
    sum(revenue) FILTER (WHERE is_suspicious) AS revenue_at_risk
FROM marked
GROUP BY account, affiliate_id, currency_id
HAVING count(*) FILTER (WHERE is_suspicious) > 0
ORDER BY payout_at_risk DESC NULLS LAST, suspicious_clicks DESC, account, affiliate_id NULLS LAST, currency_id NULLS LAST
