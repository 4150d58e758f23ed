-- title: Through a proxy
-- reason: {observed} of the clicks ({x} of {n}) came through a proxy; of the others' clicks it was {expected}
-- about: Everflow's flag is_proxy. Campus networks, company networks and privacy relays carry it too. Clicks without the flag are
-- about: not judged.
-- basis: list
-- defined_by: network
SELECT *, is_proxy AS is_hit
FROM rated_clicks
WHERE click_time BETWEEN $from AND $to
