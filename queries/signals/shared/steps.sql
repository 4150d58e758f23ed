-- title: Seconds from each click to its neighbours
-- about: The clicks before and after it, among all of an entity (what: all) and among those of one sub1 (what: source).
SELECT
    who,
    'all' AS what,
    epoch - lag(epoch) OVER (PARTITION BY who ORDER BY epoch) AS before,
    lead(epoch) OVER (PARTITION BY who ORDER BY epoch) - epoch AS after
FROM undeclared_clicks
UNION ALL
SELECT
    who,
    'source',
    epoch - lag(epoch) OVER (PARTITION BY who, sub1 ORDER BY epoch),
    lead(epoch) OVER (PARTITION BY who, sub1 ORDER BY epoch) - epoch
FROM undeclared_clicks
