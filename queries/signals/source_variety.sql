-- title: Ever new sources
-- about: Different sub1 by clicks: placements are few and come again, ids that are made up for each click are many.
-- family: source
-- kind: shape
-- min_exposure: 50
-- reason: the sources (sub1) hardly come again: {observed} different ones for each click, where {expected} is usual at this volume
-- drill: sub1 IN (SELECT sub1 FROM clicks WHERE {own} GROUP BY 1 HAVING count(*) = 1)
SELECT account, entity, sum(clicks) AS n, CAST(count(*) AS DOUBLE) / sum(clicks) AS value
FROM sources
GROUP BY account, entity
