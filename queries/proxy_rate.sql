-- title: Proxy rate by affiliate
-- group: Networks and proxies
-- about: Share of clicks through a proxy (VPN, relay) by (account, affiliate), with its 95 % Wilson interval, ordered by the
-- about: interval's lower end so that few clicks do not lead. Clicks of which is_proxy is not known are left out, so are
-- about: invalid clicks of times for which no feed of all clicks was fetched. The affiliate feed names no affiliate: an
-- about: affiliate's own account is one row without affiliate_id. The flag is Everflow's and no proof: campus networks and
-- about: relays set it too.
-- needs: network-clicks | affiliate-clicks
-- param: min_clicks bigint = 100    hide affiliates with fewer clicks
-- chart: dot x=proxy_rate low=wilson_low high=wilson_high y=affiliate_name
WITH totals AS (
    SELECT
        account,
        affiliate_id,
        -- One name of those it had; all the same in most ranges.
        max(affiliate_name) AS affiliate_name,
        count(is_proxy) AS clicks,
        count(*) FILTER (WHERE is_proxy) AS proxy_clicks
    FROM rated_clicks
    WHERE click_time BETWEEN $from AND $to AND basis IS NOT NULL
    GROUP BY account, affiliate_id
)
SELECT
    account,
    affiliate_id,
    affiliate_name,
    clicks,
    proxy_clicks,
    CAST(proxy_clicks AS DOUBLE) / NULLIF(clicks, 0) AS proxy_rate,
    wilson_lower(proxy_clicks, clicks) AS wilson_low,
    wilson_upper(proxy_clicks, clicks) AS wilson_high
FROM totals
WHERE clicks >= $min_clicks
ORDER BY wilson_low DESC NULLS LAST, clicks DESC, account, affiliate_id NULLS LAST
