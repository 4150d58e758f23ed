-- title: Many user agents on one address
-- about: Share of clicks from addresses with four or more user agents. Homes have a few; offices, schools and cafés have more.
-- about: Addresses that carriers or masks stand before do not count.
-- family: device
-- kind: rate
-- min_exposure: 50
-- reason: {observed} of the clicks come from addresses with four or more user agents each; {expected} is usual
-- drill: user_ip IN (SELECT user_ip FROM clicks WHERE {own} AND carrier_name IS NULL GROUP BY 1 HAVING count(DISTINCT http_user_agent) > 3)
SELECT account, entity, COALESCE(sum(clicks) FILTER (WHERE agents >= 4), 0) AS x, sum(clicks) AS n
FROM addresses
GROUP BY account, entity
