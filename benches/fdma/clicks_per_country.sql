-- title: Clicks per country
-- family: country
-- kind: shape
-- reason: clicks per country: {observed}, where {expected} is usual at this volume
SELECT 'fdma' AS account, partnerid AS entity, total_clicks AS n, ln(1 + CAST(total_clicks AS DOUBLE) / NULLIF(distinct_cntr, 0)) AS value
FROM publishers
