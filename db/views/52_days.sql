-- Classes by minute and by day, staff of the roster left out. (Windows, which the flow makes, know no roster.)
CREATE OR REPLACE VIEW engagement_by_class WITH (security_barrier) AS
SELECT bucket, class_id, score, students FROM engagement_by_class_1m WHERE class_id IS NOT NULL;

CREATE OR REPLACE VIEW daily_activity WITH (security_barrier) AS
SELECT day, class_id, count(*) AS active_students, sum(minutes_active)::bigint AS minutes_active,
       sum(interactions)::bigint AS interactions
FROM student_days d
WHERE NOT EXISTS (SELECT FROM known_staff f WHERE f.staff_id = d.student_id)
GROUP BY day, class_id;
