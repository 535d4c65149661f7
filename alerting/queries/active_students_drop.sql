WITH {{drops}}
SELECT d.class_id,
       d.running AND d.dropped AND NOT m.broke AS firing,
       d.active,
       coalesce(d.last_10m, 0) AS before,
       coalesce(round(d.usual), -1) AS usual,
       d.present,
       d.enrolled,
       coalesce(d.period, 0) AS period,
       CASE WHEN m.broke THEN 3 WHEN NOT d.running THEN 2 ELSE 1 END AS reason,
       d.behind,
       d.as_of
FROM drops d
CROSS JOIN many m
