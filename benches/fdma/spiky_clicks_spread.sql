-- title: Spread of the same click within a minute
-- family: tuple
-- kind: shape
-- reason: spread of the same click within a minute: {observed}, where {expected} is usual at this volume
SELECT 'fdma' AS account, partnerid AS entity, total_clicks AS n, ln(1 + "std_spiky_ReAgCnIpCi") AS value
FROM publishers
