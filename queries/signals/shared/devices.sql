-- title: Clicks by entity, offer, platform, browser and type of device
SELECT account, entity, offer_id, platform_name, browser_name, device_type, count(*) AS clicks
FROM undeclared_clicks
GROUP BY account, entity, offer_id, platform_name, browser_name, device_type
