-- title: Offers hit by one visitor within seconds
-- group: Visitors and repetition
-- about: Visitors (address and user agent) of an affiliate that click one offer and, within --param seconds=, another: scripts walk
-- about: through lists of offers, people read first. hops counts such steps, most_offers is how many offers one visitor had.
-- about: The affiliate feed has no user agent: there an address alone is a visitor, and a carrier looks like one.
-- needs: network-clicks | affiliate-clicks
-- param: seconds bigint = 2    the longest time between two clicks
-- chart: bar x=hops y=affiliate_name
WITH steps AS (
    SELECT
        account,
        affiliate_id,
        affiliate_name,
        user_ip,
        http_user_agent,
        offer_id,
        click_time,
        lag(offer_id) OVER visitor AS offer_before,
        date_part('epoch', click_time) - date_part('epoch', lag(click_time) OVER visitor) AS gap
    FROM clicks
    WHERE click_time BETWEEN $from AND $to AND user_ip IS NOT NULL
    WINDOW visitor AS (
        PARTITION BY account, affiliate_id, user_ip, http_user_agent ORDER BY click_time, transaction_id
    )
),
visitors AS (
    SELECT
        account,
        affiliate_id,
        user_ip,
        max(affiliate_name) AS affiliate_name,
        count(*) AS clicks,
        count(DISTINCT offer_id) AS offers,
        count(*) FILTER (WHERE offer_id <> offer_before AND gap <= $seconds) AS hops
    FROM steps
    GROUP BY account, affiliate_id, user_ip, http_user_agent
)
SELECT
    account,
    affiliate_id,
    max(affiliate_name) AS affiliate_name,
    CAST(sum(clicks) AS BIGINT) AS clicks,
    count(*) FILTER (WHERE hops > 0) AS hopping_visitors,
    CAST(sum(hops) AS BIGINT) AS hops,
    CAST(sum(hops) AS DOUBLE) / sum(clicks) AS hop_share,
    max(offers) FILTER (WHERE hops > 0) AS most_offers
FROM visitors
GROUP BY account, affiliate_id
HAVING sum(hops) > 0
ORDER BY hops DESC, account, affiliate_id NULLS LAST
