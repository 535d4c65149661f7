SELECT max(as_of)                                        AS "As of",
       extract(epoch FROM classpulse_now() - max(as_of)) AS "Lag"
FROM data_freshness
WHERE flow = 'engagement'
