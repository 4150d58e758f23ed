-- title: Several offers at once
-- about: Share of clicks of a visitor who clicked another offer at most 2 seconds before: pages that load offers into hidden frames look like this.
-- family: source
-- kind: rate
-- min_exposure: 50
-- reason: {observed} of the clicks follow one of the same visitor on another offer within 2 seconds; {expected} is usual
SELECT account, entity, hops AS x, n
FROM gaps
