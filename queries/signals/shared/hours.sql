-- title: Clicks by entity, country, time zone and hour
SELECT
    account,
    entity,
    country_code,
    geo_timezone,
    date_trunc('hour', click_time) AS hour,
    count(*) AS clicks
FROM undeclared_clicks
GROUP BY account, entity, country_code, geo_timezone, date_trunc('hour', click_time)
