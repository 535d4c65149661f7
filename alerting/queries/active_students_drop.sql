WITH {{drops}}
SELECT d.class_id,
       d.in_lesson AND d.fell AND NOT m.breaking AS firing,
       d.active,
       d.before,
       d.usual,
       d.present,
       d.enrolled,
       d.period,
       d.title AS class,
       CASE WHEN d.fell AND m.breaking THEN 3 WHEN NOT d.in_lesson THEN 2 WHEN d.signed_off THEN 5 WHEN d.enough THEN 1 ELSE 4 END AS reason,
       d.behind,
       d.as_of
FROM drops d
CROSS JOIN many m
