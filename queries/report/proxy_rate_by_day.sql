-- title: Proxy rate by day
-- about: Share of clicks through a proxy by (account, day) with its 95 % Wilson interval; days are those of the time zone asked
-- about: for. Clicks of which is_proxy is not known are left out, so are clicks without a denominator.
-- needs: network-clicks | affiliate-clicks
WITH counted AS (
    SELECT
        account,
        local_date(click_time, $timezone) AS day,
        count(is_proxy) AS clicks,
        count(*) FILTER (WHERE is_proxy) AS proxy_clicks
    FROM rated_clicks
    WHERE click_time BETWEEN $from AND $to AND basis IS NOT NULL
    GROUP BY account, local_date(click_time, $timezone)
)
SELECT
    account,
    day,
    clicks,
    proxy_clicks,
    CAST(proxy_clicks AS DOUBLE) / NULLIF(clicks, 0) AS proxy_rate,
    wilson_lower(proxy_clicks, clicks) AS wilson_low,
    wilson_upper(proxy_clicks, clicks) AS wilson_high
FROM counted
ORDER BY account, day
