-- title: Spells and silences
-- about: How far clicks by hour stray, beyond chance, from what the rhythm of the day in each of the countries lets expect, between the
-- about: entity's first and last day: the coefficient of variation. Letters and programmes on television look like this as well.
-- family: timing
-- kind: shape
-- min_exposure: 100
-- burst: yes
-- reason: clicks by hour stray from the rhythm of the day by {observed_percent} of what is to be expected; by {expected_percent} is usual at this volume
WITH spans AS (
    SELECT who, min(hour - hour % 86400) AS first_day, max(hour - hour % 86400) AS last_day
    FROM hours
    GROUP BY who
),
rhythm AS (
    SELECT account, country_code, hour - hour % 86400 AS day, hour, CAST(sum(clicks) AS DOUBLE) AS clicks
    FROM hours
    GROUP BY account, country_code, hour
),
days AS (
    SELECT account, country_code, day, sum(clicks) AS clicks, sum(clicks * clicks) AS squares
    FROM rhythm
    GROUP BY account, country_code, day
),
of_countries AS (
    SELECT
        o.account,
        o.who,
        o.country_code,
        sum(o.clicks) AS n,
        sum(o.clicks * o.clicks) AS squares,
        sum(o.clicks * r.clicks) AS crossed
    FROM rhythm AS r
    INNER JOIN hours AS o ON r.account = o.account AND r.country_code = o.country_code AND r.hour = o.hour
    GROUP BY o.account, o.who, o.country_code
),
expected AS (
    SELECT c.who, c.country_code, c.n, c.squares, c.crossed, sum(d.clicks) AS total, sum(d.squares) AS total_squares
    FROM of_countries AS c
    INNER JOIN spans AS s ON c.who = s.who
    INNER JOIN days AS d
        ON c.account = d.account
        AND c.country_code = d.country_code
        AND d.day BETWEEN s.first_day AND s.last_day
    GROUP BY c.who, c.country_code, c.n, c.squares, c.crossed
),
judged AS (
    SELECT
        who,
        sum(n) AS n,
        sqrt(greatest(
            sum(squares - 2 * n * crossed / total + n * n * total_squares / (total * total) - n)
                / sum(n * n * total_squares / (total * total)),
            0
        )) AS value
    FROM expected
    GROUP BY who
)
SELECT e.account, e.entity, j.n, j.value
FROM judged AS j
INNER JOIN entities AS e ON j.who = e.who
