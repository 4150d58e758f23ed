-- title: Ten minutes
-- about: Share of clicks in the busiest ten minutes. A letter to many readers looks like this as well.
-- family: timing
-- kind: shape
-- min_exposure: 50
-- burst: yes
-- reason: ten minutes hold {observed_percent} of the clicks, where {expected_percent} is usual at this volume
-- drill: date_bin(INTERVAL '10 minutes', click_time) IN (SELECT date_bin(INTERVAL '10 minutes', click_time) FROM clicks WHERE {own} GROUP BY 1 ORDER BY count(*) DESC LIMIT 1)
SELECT account, entity, sum(clicks) AS n, CAST(max(clicks) AS DOUBLE) / sum(clicks) AS value
FROM ten_minutes
GROUP BY account, entity
