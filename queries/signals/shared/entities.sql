-- title: Entities
-- about: Who is scored, and how many clicks each has.
SELECT account, entity, max(entity_name) AS name, count(*) AS clicks
FROM entity_clicks
GROUP BY account, entity
