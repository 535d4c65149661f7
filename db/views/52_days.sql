-- Days of students and classes.
-- A student's day in each class in which something of it happened: an interaction counts where it says.
CREATE OR REPLACE VIEW student_class_days WITH (security_barrier) AS
SELECT day, student_id, class_id, minutes_active, interactions
FROM (
    SELECT d.day, d.student_id, d.class_id, d.minutes_active, d.interactions
    FROM student_days d
    WHERE NOT EXISTS (SELECT FROM student_day_classes c WHERE c.day = d.day AND c.student_id = d.student_id)
    UNION ALL
    SELECT day, student_id, nullif(class_id, ''), minutes_active, interactions FROM student_day_classes
) d
WHERE NOT EXISTS (SELECT FROM known_staff f WHERE f.staff_id = d.student_id);
COMMENT ON VIEW student_class_days IS 'A row is a student x local day x class that their interactions named (null = none).';

-- As activity_by_day: a student of two classes counts in each.
CREATE OR REPLACE VIEW daily_activity WITH (security_barrier) AS
SELECT day, class_id, count(*) AS active_students, sum(minutes_active)::bigint AS minutes_active,
       sum(interactions)::bigint AS interactions
FROM student_class_days
GROUP BY day, class_id;
COMMENT ON VIEW daily_activity IS 'A row is a local day x class (null = none known).';
