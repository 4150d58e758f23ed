-- title: Concentration on /24 networks by affiliate
-- group: Networks and proxies
-- about: How few networks (subnets: /24 of IPv4, /48 of IPv6) an affiliate's clicks come from; a masked address has its network still.
-- about: top_share is the share of the most frequent one, top_10_share of the ten most frequent, hhi the sum of squared shares
-- about: (1: all the same), entropy the spread in bits. Small affiliates are concentrated by nature: compare like sizes.
-- needs: network-clicks | affiliate-clicks
-- param: min_clicks bigint = 100    hide affiliates with fewer clicks
-- chart: dot x=top_share y=affiliate_name
WITH totals AS (
    SELECT
        account,
        affiliate_id,
        max(affiliate_name) AS affiliate_name,
        count(ip_prefix(user_ip, 24, 48)) AS clicks,
        count(DISTINCT ip_prefix(user_ip, 24, 48)) AS networks,
        top_share(ip_prefix(user_ip, 24, 48)) AS top_share,
        top_share(ip_prefix(user_ip, 24, 48), 10) AS top_10_share,
        hhi(ip_prefix(user_ip, 24, 48)) AS hhi,
        entropy(ip_prefix(user_ip, 24, 48)) AS entropy
    FROM clicks
    WHERE click_time BETWEEN $from AND $to
    GROUP BY account, affiliate_id
)
SELECT
    account,
    affiliate_id,
    affiliate_name,
    clicks,
    networks,
    CAST(clicks AS DOUBLE) / NULLIF(networks, 0) AS clicks_per_one,
    top_share,
    top_10_share,
    hhi,
    entropy
FROM totals
WHERE clicks >= $min_clicks
ORDER BY top_share DESC NULLS LAST, clicks DESC, account, affiliate_id NULLS LAST
