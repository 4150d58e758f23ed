-- title: Clicks and user agents by entity and address
-- about: Only addresses that are not shared by nature, see visitors.
SELECT account, entity, address, sum(clicks) AS clicks, count(agent) AS agents
FROM visitors
WHERE NOT is_carrier AND NOT is_masked
GROUP BY account, entity, address
