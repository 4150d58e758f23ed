-- title: Clicks of one referer within a minute
-- family: referer
-- kind: shape
-- reason: clicks of one referer within a minute: {observed}, where {expected} is usual at this volume
SELECT 'fdma' AS account, partnerid AS entity, total_clicks AS n, ln(1 + avg_spiky_referer) AS value
FROM publishers
