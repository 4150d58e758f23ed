-- title: One address
-- about: Share of clicks from the busiest address. Addresses that carriers, data centres or masks stand before do not count.
-- family: network
-- kind: shape
-- min_exposure: 50
-- reason: one address makes {observed_percent} of the clicks, where {expected_percent} is usual at this volume
-- drill: user_ip IN (SELECT user_ip FROM clicks WHERE {own} AND carrier_name IS NULL GROUP BY 1 ORDER BY count(*) DESC LIMIT 1)
SELECT account, entity, sum(clicks) AS n, CAST(max(clicks) AS DOUBLE) / sum(clicks) AS value
FROM addresses
GROUP BY account, entity
