-- title: Spread of clicks within the hour
-- family: time
-- kind: shape
-- reason: spread of clicks within the hour: {observed}, where {expected} is usual at this volume
SELECT 'fdma' AS account, partnerid AS entity, total_clicks AS n, ln(1 + std_per_hour_density) AS value
FROM publishers
