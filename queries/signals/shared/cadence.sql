-- title: Clicks that fall in the middle between their neighbours
-- about: x of n clicks, among all of an entity (what: all) and among those of one sub1 (what: source). Whatever the volume and the
-- about: rhythm of the day, a click that knows nothing of its neighbours falls anywhere between them: of the s - 5 whole seconds
-- about: that keep 3 seconds from both, two or three are the middle, give or take one. A timer falls there again and again.
WITH places AS (
    SELECT who, what, abs(before - after) AS off, before + after AS s
    FROM steps
    WHERE before >= 3 AND after >= 3 AND before + after BETWEEN 10 AND 7200
),
counted AS (
    SELECT
        who,
        what,
        count(*) AS n,
        count(*) FILTER (WHERE off <= 2) AS x,
        avg(CAST(CASE WHEN s % 2 = 0 THEN 3 ELSE 2 END AS DOUBLE) / (s - 5)) AS expected
    FROM places
    GROUP BY who, what
)
SELECT e.account, e.entity, c.what, c.n, c.x, c.expected
FROM counted AS c
INNER JOIN entities AS e ON c.who = e.who
