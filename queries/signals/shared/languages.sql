-- title: Clicks by entity, country, language and the area of the time zone
SELECT
    account,
    entity,
    country_code,
    language,
    lower(split_part(geo_timezone, '/', 1)) AS area,
    count(*) AS clicks
FROM undeclared_clicks
WHERE NOT COALESCE(is_datacenter, false)
GROUP BY account, entity, country_code, language, lower(split_part(geo_timezone, '/', 1))
