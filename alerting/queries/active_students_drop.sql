WITH {{drops}}
SELECT d.class_id,
       d.running AND d.fell AND NOT m.broke AS firing,
       d.active,
       coalesce(d.last_10m, 0) AS before,
       d.usual,
       d.present,
       d.enrolled,
       d.period,
       d.title AS class,
       CASE WHEN m.broke THEN 3 WHEN NOT d.in_lesson THEN 2 WHEN d.enough THEN 1 ELSE 4 END AS reason,
       d.behind,
       d.as_of
FROM drops d
CROSS JOIN many m
