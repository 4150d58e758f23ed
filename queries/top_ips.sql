-- title: Addresses with most clicks
-- group: Visitors and repetition
-- about: The addresses that most clicks of an account came from: how many affiliates and user agents they show, how many
-- about: clicks were invalid or through a proxy, and what was paid for them. Clicks without an address are left out. Everflow
-- about: masks European addresses (a.b.c.xxx): such a row stands for up to 256 addresses. Payout is by
-- about: currency. The affiliate feed has no user agent, affiliate or payout: these columns are then empty.
-- needs: network-clicks | affiliate-clicks
-- param: top bigint = 100    how many addresses
-- chart: bar x=clicks y=user_ip
SELECT
    account,
    user_ip,
    ip_is_masked(user_ip) AS is_masked,
    count(*) AS clicks,
    NULLIF(count(DISTINCT affiliate_id), 0) AS affiliates,
    NULLIF(count(DISTINCT http_user_agent), 0) AS user_agents,
    count(*) FILTER (WHERE error_code <> 0) AS invalid_clicks,
    count(*) FILTER (WHERE is_proxy) AS proxy_clicks,
    money_by_currency(payout, currency_id) AS payout,
    min(click_time) AS first_time,
    max(click_time) AS last_time
FROM clicks
WHERE click_time BETWEEN $from AND $to AND user_ip IS NOT NULL
GROUP BY account, user_ip
ORDER BY clicks DESC, account, user_ip
LIMIT $top
