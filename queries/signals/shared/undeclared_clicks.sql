-- title: Clicks of all but declared bots
-- about: What behaviour is judged by.
-- kind: view
SELECT *
FROM entity_clicks AS c
WHERE NOT EXISTS (SELECT 1 FROM declared_bots AS b WHERE b.agent = c.agent)
