-- title: The same address at the same time
-- about: Share of clicks whose address clicked the same offer within the same ten minutes through one to four other entities.
-- about: Addresses that carriers, data centres or masks stand before do not count.
-- family: coalition
-- kind: rate
-- min_exposure: 50
-- reason: {observed} of the clicks come from addresses that click the same offer at the same time through others; {expected} is usual
SELECT account, entity, x, n
FROM shared_spells
