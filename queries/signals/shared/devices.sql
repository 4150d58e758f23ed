-- title: Clicks by entity, offer, platform, browser, type of device, and whether through a carrier
SELECT account, entity, offer_id, platform_name, browser_name, device_type, is_carrier, count(*) AS clicks
FROM undeclared_clicks
GROUP BY account, entity, offer_id, platform_name, browser_name, device_type, is_carrier
