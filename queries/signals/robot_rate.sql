-- title: Robot flag
-- about: Share of clicks that Everflow itself flags as a robot's.
-- family: device
-- kind: rate
-- basis: list
-- min_exposure: 30
-- reason: {observed} of the clicks carry Everflow's robot flag; {expected} were to be expected
-- drill: is_robot
SELECT account, entity, x, n, expected
FROM rates
WHERE quality = 'robot'
