-- title: Sizes of addresses
-- about: How far the sizes of the entity's addresses (clicks of all entities, in powers of two) are from those of the others:
-- about: the Jensen and Shannon divergence in bits. Metwally and others (VLDB 2008) find inflated traffic by it. Addresses that
-- about: carriers, data centres or masks stand before do not count.
-- family: network
-- kind: shape
-- min_exposure: 100
-- reason: the addresses are larger or smaller than those of others: {observed} on a scale from 0 (the same) to 1 (nothing in common), where {expected} is usual at this volume
WITH several AS (
    SELECT account, address, sum(clicks) AS clicks
    FROM addresses
    GROUP BY account, address
    HAVING count(*) > 1
),
sized AS (
    SELECT a.account, a.entity, a.clicks, floor(log2(COALESCE(s.clicks, a.clicks))) AS size
    FROM several AS s
    RIGHT JOIN addresses AS a ON s.account = a.account AND s.address = a.address
),
own AS (
    SELECT account, entity, size, sum(clicks) AS clicks
    FROM sized
    GROUP BY account, entity, size
),
all_sizes AS (SELECT account, size, sum(clicks) AS clicks FROM own GROUP BY account, size),
totals AS (SELECT account, entity, sum(clicks) AS clicks FROM own GROUP BY account, entity)
SELECT
    e.account,
    e.entity,
    max(e.clicks) AS n,
    js_divergence(COALESCE(o.clicks, 0), s.clicks - COALESCE(o.clicks, 0)) AS value
FROM totals AS e
INNER JOIN all_sizes AS s ON e.account = s.account
LEFT JOIN own AS o ON e.account = o.account AND e.entity = o.entity AND s.size = o.size
GROUP BY e.account, e.entity
