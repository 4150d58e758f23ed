-- title: Variance of clicks by minute
-- family: time
-- kind: shape
-- reason: variance of clicks by minute: {observed}, where {expected} is usual at this volume
SELECT 'fdma' AS account, partnerid AS entity, total_clicks AS n, ln(1 + "TimeatVariance1Min") AS value
FROM publishers
