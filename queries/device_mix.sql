-- title: Device mix by affiliate against peers
-- group: Geography and devices
-- about: How far an affiliate's mix of platform and browser is from that of the rest of its account: the Jensen and Shannon
-- about: divergence in bits, 0 for the same mix, 1 for nothing in common. A farm of one model, or a spoofed list of user agents,
-- about: stands out; so does an app. Few clicks diverge by chance.
-- needs: network-clicks | affiliate-clicks
-- param: min_clicks bigint = 100    hide affiliates with fewer clicks
-- chart: dot x=divergence y=affiliate_name
WITH mixes AS (
    SELECT
        account,
        affiliate_id,
        affiliate_name,
        COALESCE(platform_name, '?') || ', ' || COALESCE(browser_name, '?') AS device
    FROM clicks
    WHERE click_time BETWEEN $from AND $to
),
own AS (
    SELECT account, affiliate_id, device, count(*) AS clicks
    FROM mixes
    GROUP BY account, affiliate_id, device
),
affiliates AS (
    SELECT account, affiliate_id, max(affiliate_name) AS affiliate_name, count(*) AS clicks
    FROM mixes
    GROUP BY account, affiliate_id
),
devices AS (
    SELECT account, device, count(*) AS clicks
    FROM mixes
    GROUP BY account, device
),
filled AS (
    SELECT
        a.account,
        a.affiliate_id,
        a.affiliate_name,
        a.clicks,
        d.device,
        COALESCE(o.clicks, 0) AS own_clicks,
        d.clicks - COALESCE(o.clicks, 0) AS other_clicks
    FROM affiliates AS a
    INNER JOIN devices AS d ON a.account = d.account
    LEFT JOIN own AS o
        ON a.account = o.account AND (a.affiliate_id IS NOT DISTINCT FROM o.affiliate_id) AND d.device = o.device
)
SELECT
    account,
    affiliate_id,
    max(affiliate_name) AS affiliate_name,
    max(clicks) AS clicks,
    js_divergence(own_clicks, other_clicks) AS divergence,
    first_value(device ORDER BY own_clicks DESC, device) AS top_device,
    CAST(max(own_clicks) AS DOUBLE) / max(clicks) AS top_device_share
FROM filled
GROUP BY account, affiliate_id
HAVING max(clicks) >= $min_clicks
ORDER BY divergence DESC NULLS LAST, clicks DESC, account, affiliate_id NULLS LAST
