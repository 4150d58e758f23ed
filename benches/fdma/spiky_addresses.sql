-- title: Clicks of one address within a minute
-- family: address
-- kind: shape
-- reason: clicks of one address within a minute: {observed}, where {expected} is usual at this volume
SELECT 'fdma' AS account, partnerid AS entity, total_clicks AS n, ln(1 + avg_spiky_iplong) AS value
FROM publishers
