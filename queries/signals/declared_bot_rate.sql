-- title: Declared bots
-- about: Share of clicks whose user agent says that it is a program, by the list of declared bots.
-- family: device
-- kind: rate
-- basis: list
-- min_exposure: 30
-- reason: {observed} of the clicks come from programs that say so in their user agent; {expected} were to be expected
-- drill: is_declared_bot(http_user_agent)
SELECT account, entity, x, n, expected
FROM rates
WHERE quality = 'declared_bot'
