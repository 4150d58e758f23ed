-- title: From a data centre
-- reason: {observed} of the clicks ({x} of {n}) came from data centres; of the others' clicks it was {expected}
-- about: Provider, organization or address is on the lists of data centres (see --lists). People who browse through a VPN
-- about: leave from one too, and a partner's server that sends clicks on is no botnet.
-- basis: list
-- defined_by: network
SELECT *, is_datacenter(isp_name, organization, user_ip) AS is_hit
FROM rated_clicks
WHERE click_time BETWEEN $from AND $to
