-- title: Clicks from data centres by affiliate
-- group: Networks and proxies
-- about: Share of clicks whose provider, organization or address is on the lists of data centres (hosting, clouds), with its 95 % Wilson interval,
-- about: and how they stand to Everflow's flag: proxy_too are flagged is_proxy as well, proxy_only are flagged but on no list.
-- about: payout is what was paid for them, by currency. A server of a partner in a cloud is no botnet: this is evidence from lists, and
-- about: says where to look. Invalid clicks of times for which no feed of all clicks was fetched are left out.
-- needs: network-clicks | affiliate-clicks
-- param: min_clicks bigint = 100    hide affiliates with fewer clicks
-- chart: dot x=datacenter_rate low=wilson_low high=wilson_high y=affiliate_name
WITH judged AS (
    SELECT
        account,
        affiliate_id,
        affiliate_name,
        is_proxy,
        payout,
        currency_id,
        is_datacenter(isp_name, organization, user_ip) AS is_datacenter
    FROM rated_clicks
    WHERE click_time BETWEEN $from AND $to AND basis IS NOT NULL
),
totals AS (
    SELECT
        account,
        affiliate_id,
        max(affiliate_name) AS affiliate_name,
        count(is_datacenter) AS clicks,
        count(*) FILTER (WHERE is_datacenter) AS datacenter_clicks,
        count(*) FILTER (WHERE is_datacenter AND is_proxy) AS proxy_too,
        count(*) FILTER (WHERE NOT is_datacenter AND is_proxy) AS proxy_only,
        money_by_currency(CASE WHEN is_datacenter THEN payout END, currency_id) AS payout
    FROM judged
    GROUP BY account, affiliate_id
)
SELECT
    account,
    affiliate_id,
    affiliate_name,
    clicks,
    datacenter_clicks,
    CAST(datacenter_clicks AS DOUBLE) / NULLIF(clicks, 0) AS datacenter_rate,
    wilson_lower(datacenter_clicks, clicks) AS wilson_low,
    wilson_upper(datacenter_clicks, clicks) AS wilson_high,
    proxy_too,
    proxy_only,
    payout
FROM totals
WHERE clicks >= $min_clicks
ORDER BY wilson_low DESC NULLS LAST, clicks DESC, account, affiliate_id NULLS LAST
