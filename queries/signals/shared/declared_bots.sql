-- title: User agents that say that they are programs
-- about: Their clicks are judged by the list alone: what a monitor does every five minutes is no evidence of anything else.
SELECT DISTINCT agent
FROM (SELECT DISTINCT agent, http_user_agent FROM entity_clicks WHERE agent IS NOT NULL) AS a
WHERE is_declared_bot(http_user_agent)
