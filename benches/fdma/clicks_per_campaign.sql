-- title: Clicks per campaign
-- family: campaign
-- kind: shape
-- reason: clicks per campaign: {observed}, where {expected} is usual at this volume
SELECT 'fdma' AS account, partnerid AS entity, total_clicks AS n, ln(1 + CAST(total_clicks AS DOUBLE) / NULLIF(distinct_cid, 0)) AS value
FROM publishers
