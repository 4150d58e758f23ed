-- title: Duplicate clicks by affiliate
-- group: Visitors and repetition
-- about: Clicks that repeat an earlier one of the same visitor (address and user agent) on the same offer of the same affiliate
-- about: and day, and clicks that Everflow refused as duplicates (codes of class duplicate, such as 21 and 27). Behind a masked
-- about: address or a carrier, several people can look like one visitor. Clicks without an address are left out. Days are those of the
-- about: time zone asked for.
-- needs: network-clicks | affiliate-clicks
-- param: min_clicks bigint = 100    hide affiliates with fewer clicks
-- chart: dot x=repeat_rate y=affiliate_name
WITH visits AS (
    SELECT
        account,
        affiliate_id,
        max(affiliate_name) AS affiliate_name,
        count(*) AS clicks,
        count(*) FILTER (WHERE e.class = 'duplicate') AS refused
    FROM clicks AS k
    LEFT JOIN error_codes AS e ON k.error_code = e.code
    WHERE click_time BETWEEN $from AND $to AND user_ip IS NOT NULL
    GROUP BY account, affiliate_id, local_date(click_time, $timezone), offer_id, user_ip, http_user_agent
),
totals AS (
    SELECT
        account,
        affiliate_id,
        max(affiliate_name) AS affiliate_name,
        CAST(sum(clicks) AS BIGINT) AS clicks,
        CAST(sum(clicks - 1) AS BIGINT) AS repeats,
        max(clicks) AS most_of_one_visitor,
        CAST(sum(refused) AS BIGINT) AS refused_as_duplicate
    FROM visits
    GROUP BY account, affiliate_id
)
SELECT
    account,
    affiliate_id,
    affiliate_name,
    clicks,
    repeats,
    CAST(repeats AS DOUBLE) / clicks AS repeat_rate,
    most_of_one_visitor,
    refused_as_duplicate
FROM totals
WHERE clicks >= $min_clicks
ORDER BY repeat_rate DESC, clicks DESC, account, affiliate_id NULLS LAST
