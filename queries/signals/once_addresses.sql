-- title: Addresses that never come back
-- about: Share of clicks from addresses with a single click of the entity: people come back now and then, rented addresses do
-- about: not. Addresses that carriers, data centres or masks stand before do not count.
-- family: network
-- kind: shape
-- min_exposure: 50
-- reason: {observed_percent} of the clicks come from addresses that click only once, where {expected_percent} is usual at this volume
-- drill: user_ip IN (SELECT user_ip FROM clicks WHERE {own} AND carrier_name IS NULL GROUP BY 1 HAVING count(*) = 1)
SELECT account, entity, sum(clicks) AS n, CAST(count(*) FILTER (WHERE clicks = 1) AS DOUBLE) / sum(clicks) AS value
FROM addresses
GROUP BY account, entity
