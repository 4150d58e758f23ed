-- title: Spells and silences
-- about: How far clicks by hour stray, beyond chance, from what the rhythm of the day in each of the countries lets expect, between the
-- about: entity's first and last day: the coefficient of variation. Letters and programmes on television look like this as well.
-- family: timing
-- kind: shape
-- min_exposure: 100
-- burst: yes
-- reason: clicks by hour stray from the rhythm of the day by {observed_percent} of what is to be expected; by {expected_percent} is usual at this volume
WITH own AS (
    SELECT account, entity, country_code, date_trunc('day', hour) AS day, hour, sum(clicks) AS clicks
    FROM hours
    GROUP BY account, entity, country_code, date_trunc('day', hour), hour
),
spans AS (SELECT account, entity, min(day) AS first_day, max(day) AS last_day FROM own GROUP BY account, entity),
rhythm AS (
    SELECT account, country_code, day, hour, CAST(sum(clicks) AS DOUBLE) AS clicks
    FROM own
    GROUP BY account, country_code, day, hour
),
days AS (
    SELECT account, country_code, day, sum(clicks) AS clicks, sum(clicks * clicks) AS squares
    FROM rhythm
    GROUP BY account, country_code, day
),
of_countries AS (
    SELECT o.account, o.entity, o.country_code, sum(o.clicks) AS n, sum(o.clicks * o.clicks) AS squares, sum(o.clicks * r.clicks) AS crossed
    FROM own AS o
    INNER JOIN rhythm AS r
        ON o.account = r.account AND (o.country_code IS NOT DISTINCT FROM r.country_code) AND o.hour = r.hour
    GROUP BY o.account, o.entity, o.country_code
),
expected AS (
    SELECT c.account, c.entity, c.country_code, c.n, c.squares, c.crossed, sum(d.clicks) AS total, sum(d.squares) AS total_squares
    FROM of_countries AS c
    INNER JOIN spans AS s ON c.account = s.account AND c.entity = s.entity
    INNER JOIN days AS d
        ON c.account = d.account
        AND (c.country_code IS NOT DISTINCT FROM d.country_code)
        AND d.day BETWEEN s.first_day AND s.last_day
    GROUP BY c.account, c.entity, c.country_code, c.n, c.squares, c.crossed
)
SELECT
    account,
    entity,
    sum(n) AS n,
    sqrt(greatest(
        sum(squares - 2 * n * crossed / total + n * n * total_squares / (total * total) - n)
            / sum(n * n * total_squares / (total * total)),
        0
    )) AS value
FROM expected
GROUP BY account, entity
