-- title: Clicks that fall in the middle between their neighbours
-- about: x of n clicks, among all of an entity (what: all) and among those of one sub1 (what: source). Whatever the volume and the
-- about: rhythm of the day, a click that knows nothing of its neighbours falls anywhere between them: of the s - 5 whole seconds
-- about: that keep 3 seconds from both, two or three are the middle, give or take one. A timer falls there again and again.
WITH neighbours AS (
    SELECT
        account,
        entity,
        'all' AS what,
        date_part('epoch', click_time) - lag(date_part('epoch', click_time)) OVER w AS before,
        lead(date_part('epoch', click_time)) OVER w - date_part('epoch', click_time) AS after
    FROM undeclared_clicks
    WINDOW w AS (PARTITION BY account, entity ORDER BY click_time, transaction_id)
    UNION ALL
    SELECT
        account,
        entity,
        'source',
        date_part('epoch', click_time) - lag(date_part('epoch', click_time)) OVER w,
        lead(date_part('epoch', click_time)) OVER w - date_part('epoch', click_time)
    FROM undeclared_clicks
    WINDOW w AS (PARTITION BY account, entity, sub1 ORDER BY click_time, transaction_id)
),
places AS (
    SELECT account, entity, what, abs(before - after) AS off, CAST(before + after AS BIGINT) AS s
    FROM neighbours
    WHERE before >= 3 AND after >= 3 AND before + after BETWEEN 10 AND 7200
)
SELECT
    account,
    entity,
    what,
    count(*) AS n,
    count(*) FILTER (WHERE off <= 2) AS x,
    avg(CAST(CASE WHEN s % 2 = 0 THEN 3 ELSE 2 END AS DOUBLE) / (s - 5)) AS expected
FROM places
GROUP BY account, entity, what
