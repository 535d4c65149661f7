WITH {{drops}}
SELECT 'all' AS school,
       broke AS firing,
       dropped,
       running,
       CASE WHEN running > 0 THEN 1 ELSE 2 END AS reason,
       behind,
       as_of
FROM many
