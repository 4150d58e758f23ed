-- title: Declared bots
-- group: Networks and proxies
-- about: User agents that say they are no person's browser (the list declared_bots.txt), by affiliate: how many clicks they made,
-- about: how many of those Everflow flags as robots (robot_too), how many were valid, and what was paid for them, by currency. A monitor
-- about: of one's own or a preview of a link is a declared bot, too: look at the user agent. The affiliate feed has none.
-- needs: network-clicks | affiliate-clicks
-- chart: bar x=clicks y=affiliate_name
SELECT
    account,
    affiliate_id,
    max(affiliate_name) AS affiliate_name,
    http_user_agent,
    count(*) AS clicks,
    count(*) FILTER (WHERE is_robot) AS robot_too,
    count(*) FILTER (WHERE error_code = 0) AS valid_clicks,
    count(DISTINCT user_ip) AS addresses,
    money_by_currency(payout, currency_id) AS payout,
    min(click_time) AS first_time,
    max(click_time) AS last_time
FROM clicks
WHERE click_time BETWEEN $from AND $to AND is_declared_bot(http_user_agent)
GROUP BY account, affiliate_id, http_user_agent
ORDER BY clicks DESC, account, affiliate_id NULLS LAST, http_user_agent
