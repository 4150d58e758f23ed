-- title: Variance of clicks by five minutes
-- family: time
-- kind: shape
-- reason: variance of clicks by five minutes: {observed}, where {expected} is usual at this volume
SELECT 'fdma' AS account, partnerid AS entity, total_clicks AS n, ln(1 + "TimeatVariance5Min") AS value
FROM publishers
