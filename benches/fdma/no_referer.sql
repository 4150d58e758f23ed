-- title: Share of clicks without a referer
-- family: referer
-- kind: shape
-- reason: share of clicks without a referer: {observed}, where {expected} is usual at this volume
SELECT 'fdma' AS account, partnerid AS entity, total_clicks AS n, ln(1 + "NonRefererClickRatio") AS value
FROM publishers
