-- title: Clicks per user agent
-- family: user agent
-- kind: shape
-- reason: clicks per user agent: {observed}, where {expected} is usual at this volume
SELECT 'fdma' AS account, partnerid AS entity, total_clicks AS n, ln(1 + CAST(total_clicks AS DOUBLE) / NULLIF(distinct_agent, 0)) AS value
FROM publishers
