-- title: Entities
-- about: Who is scored, and how many clicks each has.
SELECT who, account, entity, max(entity_name) AS name, count(*) AS clicks
FROM entity_clicks
GROUP BY who, account, entity
