-- title: Clicks by entity, country and hour
-- about: Those of people whose own clock is known, and those between 1:00 and 5:59 by it.
SELECT e.account, e.entity, c.who, c.country_code, c.hour, c.clicks, c.zones_known, c.at_night
FROM (
    SELECT
        who,
        -- A NULL would have to be joined by IS NOT DISTINCT FROM, which compares each with each.
        COALESCE(country_code, '') AS country_code,
        epoch - epoch % 3600 AS hour,
        count(*) AS clicks,
        count(local_hour(click_time, geo_timezone)) AS zones_known,
        count(*) FILTER (WHERE local_hour(click_time, geo_timezone) BETWEEN 1 AND 5) AS at_night
    FROM undeclared_clicks
    GROUP BY who, COALESCE(country_code, ''), epoch - epoch % 3600
) AS c
INNER JOIN entities AS e ON c.who = e.who
