-- title: Concentration on addresses by affiliate
-- group: Visitors and repetition
-- about: How few addresses an affiliate's clicks come from; clicks without one are left out. A masked address stands for up to 256.
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
        count(user_ip) AS clicks,
        count(DISTINCT user_ip) AS addresses,
        top_share(user_ip) AS top_share,
        top_share(user_ip, 10) AS top_10_share,
        hhi(user_ip) AS hhi,
        entropy(user_ip) AS entropy
    FROM clicks
    WHERE click_time BETWEEN $from AND $to
    GROUP BY account, affiliate_id
)
SELECT
    account,
    affiliate_id,
    affiliate_name,
    clicks,
    addresses,
    CAST(clicks AS DOUBLE) / NULLIF(addresses, 0) AS clicks_per_one,
    top_share,
    top_10_share,
    hhi,
    entropy
FROM totals
WHERE clicks >= $min_clicks
ORDER BY top_share DESC NULLS LAST, clicks DESC, account, affiliate_id NULLS LAST
