-- title: Concentration on user agents by affiliate
-- group: Visitors and repetition
-- about: How few user agents an affiliate's clicks show; the affiliate feed has none. Phones of one model share a user agent.
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
        count(http_user_agent) AS clicks,
        NULLIF(count(DISTINCT http_user_agent), 0) AS user_agents,
        top_share(http_user_agent) AS top_share,
        top_share(http_user_agent, 10) AS top_10_share,
        hhi(http_user_agent) AS hhi,
        entropy(http_user_agent) AS entropy
    FROM clicks
    WHERE click_time BETWEEN $from AND $to
    GROUP BY account, affiliate_id
)
SELECT
    account,
    affiliate_id,
    affiliate_name,
    clicks,
    user_agents,
    CAST(clicks AS DOUBLE) / user_agents AS clicks_per_one,
    top_share,
    top_10_share,
    hhi,
    entropy
FROM totals
WHERE clicks >= $min_clicks
ORDER BY top_share DESC NULLS LAST, clicks DESC, account, affiliate_id NULLS LAST
