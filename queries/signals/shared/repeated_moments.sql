-- title: Minutes in which an address clicks more than once
-- about: With an entity, and how many of these clicks came through no carrier.
SELECT who, epoch - epoch % 60 AS minute, address, count(*) FILTER (WHERE NOT is_carrier) AS k
FROM undeclared_clicks
WHERE address IS NOT NULL
GROUP BY who, epoch - epoch % 60, address
HAVING count(*) > 1
