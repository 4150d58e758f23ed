-- title: One referer
-- about: Share of the clicks with a referer that come from one page.
-- family: source
-- kind: shape
-- min_exposure: 50
-- reason: one page sends {observed_percent} of the clicks that name one, where {expected_percent} is usual at this volume
-- drill: referer IN (SELECT referer FROM clicks WHERE {own} GROUP BY 1 ORDER BY count(*) DESC LIMIT 1)
SELECT account, entity, sum(clicks) AS n, CAST(max(clicks) AS DOUBLE) / sum(clicks) AS value
FROM (
    SELECT account, entity, referer, count(*) AS clicks
    FROM undeclared_clicks
    WHERE referer IS NOT NULL
    GROUP BY account, entity, referer
) AS r
GROUP BY account, entity
