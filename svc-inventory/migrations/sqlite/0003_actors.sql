-- Who did it is written as everywhere else: `user:` and an id, `workload:` and a name, or `anonymous`.
UPDATE adjustments SET actor = CASE
    WHEN actor = 'unknown' THEN 'anonymous'
    WHEN length(actor) = 36 THEN 'user:' || actor
    ELSE 'workload:' || actor
END
WHERE actor NOT LIKE '%:%' AND actor <> 'anonymous';
