-- title: Where the robot flag and the lists disagree
-- group: Networks and proxies
-- about: Clicks by what Everflow's flag says (is_robot) and what lists say: a declared bot by its user agent, a data centre by
-- about: provider, organization or address, a proxy by Everflow's other flag. NULL is not known. A flag that is never set
-- about: where lists find something is no use as evidence, and one that is set where nothing else is wants a look.
-- needs: network-clicks | affiliate-clicks
-- chart: bar x=clicks y=is_declared_bot color=is_robot
SELECT
    account,
    is_robot,
    is_declared_bot(http_user_agent) AS is_declared_bot,
    is_datacenter(isp_name, organization, user_ip) AS is_datacenter,
    is_proxy,
    count(*) AS clicks,
    NULLIF(count(DISTINCT affiliate_id), 0) AS affiliates,
    count(*) FILTER (WHERE error_code <> 0) AS invalid_clicks
FROM clicks
WHERE click_time BETWEEN $from AND $to
GROUP BY
    account,
    is_robot,
    is_declared_bot(http_user_agent),
    is_datacenter(isp_name, organization, user_ip),
    is_proxy
ORDER BY account, clicks DESC, is_robot, is_declared_bot, is_datacenter, is_proxy
