-- title: Addresses shared by affiliates
-- group: Networks and proxies
-- about: Addresses, in full, whose clicks came through several affiliates of an account: one person or machine behind many names,
-- about: or a network of many people. Carriers, campuses and relays are shared by nature: many user_agents speak for that, few
-- about: against. Masked addresses are left out: they stand for up to 256.
-- needs: network-clicks | affiliate-clicks
-- param: min_affiliates bigint = 2    hide addresses of fewer affiliates
-- param: top bigint = 200    how many addresses
-- chart: dot x=affiliates y=user_ip
SELECT
    account,
    user_ip,
    max(isp_name) AS isp_name,
    max(country_code) AS country_code,
    NULLIF(count(DISTINCT affiliate_id), 0) AS affiliates,
    count(DISTINCT offer_id) AS offers,
    NULLIF(count(DISTINCT http_user_agent), 0) AS user_agents,
    count(*) AS clicks,
    count(*) FILTER (WHERE error_code <> 0) AS invalid_clicks,
    count(*) FILTER (WHERE is_proxy) AS proxy_clicks,
    min(click_time) AS first_time,
    max(click_time) AS last_time
FROM clicks
WHERE click_time BETWEEN $from AND $to AND NOT ip_is_masked(user_ip)
GROUP BY account, user_ip
HAVING count(DISTINCT affiliate_id) >= $min_affiliates
ORDER BY affiliates DESC NULLS LAST, clicks DESC, account, user_ip
LIMIT $top
