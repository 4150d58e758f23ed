-- title: Sources that never come back
-- about: Share of clicks whose sub1 comes only once: placements come again, ids that are made up for each click do not.
-- family: source
-- kind: rate
-- min_exposure: 50
-- reason: {observed} of the clicks name a source (sub1) that comes only once; {expected} is usual
-- drill: sub1 IN (SELECT sub1 FROM clicks WHERE {own} GROUP BY 1 HAVING count(*) = 1)
SELECT account, entity, sum(clicks) AS n, count(*) FILTER (WHERE clicks = 1) AS x
FROM sources
GROUP BY account, entity
