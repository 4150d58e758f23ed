-- title: Clicks of one country within a minute
-- family: country
-- kind: shape
-- reason: clicks of one country within a minute: {observed}, where {expected} is usual at this volume
SELECT 'fdma' AS account, partnerid AS entity, total_clicks AS n, ln(1 + avg_spiky_cntr) AS value
FROM publishers
