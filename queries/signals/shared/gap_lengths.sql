-- title: How often each gap between two clicks of one source comes
-- about: Gaps of 3 seconds to 10 minutes between clicks of an entity with the same sub1.
SELECT e.account, e.entity, c.gap, c.times
FROM (
    SELECT who, before AS gap, count(*) AS times
    FROM steps
    WHERE what = 'source' AND before BETWEEN 3 AND 600
    GROUP BY who, before
) AS c
INNER JOIN entities AS e ON c.who = e.who
