-- title: Clicks per address
-- family: address
-- kind: shape
-- reason: clicks per address: {observed}, where {expected} is usual at this volume
SELECT 'fdma' AS account, partnerid AS entity, total_clicks AS n, ln(1 + CAST(total_clicks AS DOUBLE) / NULLIF(distinct_iplong, 0)) AS value
FROM publishers
