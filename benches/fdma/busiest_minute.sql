-- title: Clicks in the busiest minute
-- family: time
-- kind: shape
-- reason: clicks in the busiest minute: {observed}, where {expected} is usual at this volume
SELECT 'fdma' AS account, partnerid AS entity, total_clicks AS n, ln(1 + "MaxClickPer1Min") AS value
FROM publishers
