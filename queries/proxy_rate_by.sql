-- title: Proxy rate by offer, country, provider, platform or browser
-- group: Networks and proxies
-- about: Share of clicks through a proxy by what --param by= names: offer, country, isp, platform, browser or affiliate; with its
-- about: 95 % Wilson interval, ordered by the interval's lower end. Clicks of which is_proxy is not known are left out, so are
-- about: invalid clicks of times for which no feed of all clicks was fetched. The flag is Everflow's and no proof: campus
-- about: networks and relays set it too. value is the id of an offer or affiliate, name one of its names.
-- needs: network-clicks | affiliate-clicks
-- param: by text = country    one of offer|affiliate|country|isp|platform|browser
-- param: min_clicks bigint = 100    hide rows with fewer clicks
-- chart: dot x=proxy_rate low=wilson_low high=wilson_high y=name
WITH named AS (
    SELECT
        account,
        is_proxy,
        CASE $by
            WHEN 'offer' THEN CAST(offer_id AS VARCHAR)
            WHEN 'affiliate' THEN CAST(affiliate_id AS VARCHAR)
            WHEN 'country' THEN country_code
            WHEN 'isp' THEN isp_name
            WHEN 'platform' THEN platform_name
            WHEN 'browser' THEN browser_name
        END AS value,
        CASE $by
            WHEN 'offer' THEN offer_name
            WHEN 'affiliate' THEN affiliate_name
            WHEN 'country' THEN country_name
            WHEN 'isp' THEN isp_name
            WHEN 'platform' THEN platform_name
            WHEN 'browser' THEN browser_name
        END AS name
    FROM rated_clicks
    WHERE click_time BETWEEN $from AND $to AND basis IS NOT NULL
),
totals AS (
    SELECT
        account,
        value,
        max(name) AS name,
        count(is_proxy) AS clicks,
        count(*) FILTER (WHERE is_proxy) AS proxy_clicks
    FROM named
    GROUP BY account, value
)
SELECT
    account,
    value,
    name,
    clicks,
    proxy_clicks,
    CAST(proxy_clicks AS DOUBLE) / NULLIF(clicks, 0) AS proxy_rate,
    wilson_lower(proxy_clicks, clicks) AS wilson_low,
    wilson_upper(proxy_clicks, clicks) AS wilson_high
FROM totals
WHERE clicks >= $min_clicks
ORDER BY wilson_low DESC NULLS LAST, clicks DESC, account, value NULLS LAST
