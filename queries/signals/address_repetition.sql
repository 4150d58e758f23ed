-- title: Clicks per address
-- about: How many clicks the address of a click makes, itself included: sum(k * k) / sum(k) over the k clicks of each address, which
-- about: grows with the variance of clicks per address. Addresses that carriers, data centres or masks stand before do not count.
-- family: repetition
-- kind: shape
-- min_exposure: 50
-- reason: the same addresses click again and again: the address of a click makes {observed} clicks, where {expected} is usual at this volume
-- drill: user_ip IN (SELECT user_ip FROM clicks WHERE {own} AND carrier_name IS NULL GROUP BY 1 HAVING count(*) > 5)
SELECT account, entity, sum(clicks) AS n, CAST(sum(clicks * clicks) AS DOUBLE) / sum(clicks) AS value
FROM addresses
GROUP BY account, entity
