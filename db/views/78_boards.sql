-- What boards show and no other view has: days of a student, the streak as of now, forums, and how complete events come.

CREATE OR REPLACE VIEW student_active_days WITH (security_barrier) AS
SELECT d.day, d.student_id, d.class_id, d.minutes_active, d.interactions
FROM student_days d
WHERE NOT EXISTS (SELECT FROM known_staff f WHERE f.staff_id = d.student_id);
COMMENT ON VIEW student_active_days IS 'A row is a student x local day.';

-- Days without lessons are skipped, where terms and the timetable are known; today breaks nothing before it ends.
CREATE OR REPLACE VIEW student_streak WITH (security_barrier) AS
SELECT student_id, days_upto_gap(days, kept_days) AS streak_days, as_of
FROM people_status
WHERE is_here;
COMMENT ON VIEW student_streak IS 'A row is a student seen, as of now.';
COMMENT ON COLUMN student_streak.streak_days IS 'Of the last 32.';

CREATE OR REPLACE VIEW forum_activity WITH (security_barrier) AS
SELECT local_day(m.event_time)       AS day,
       m.class_id,
       m.course_id,
       count(*)                      AS posts,
       count(DISTINCT m.student_id)  AS students
FROM milestones m
WHERE m.kind = 'forum_post'
  AND NOT EXISTS (SELECT FROM known_staff f WHERE f.staff_id = m.student_id)
GROUP BY 1, 2, 3;
COMMENT ON VIEW forum_activity IS 'A row is a local day x class x course with forum posts.';
COMMENT ON COLUMN forum_activity.posts IS 'Posts.';

-- The latest ten thousand events at most, of the last ten minutes: a large school's hour is millions of rows.
CREATE OR REPLACE VIEW event_quality WITH (security_barrier) AS
SELECT count(*)                                                                     AS events,
       count(*) FILTER (WHERE class_id IS NULL)                                     AS without_class,
       count(*) FILTER (WHERE session_id IS NULL)                                   AS without_session,
       count(*) FILTER (WHERE device_type IS NULL)                                  AS without_device,
       four_decimals(percentile_cont(0.5) WITHIN GROUP (ORDER BY delay_s))          AS median_delay_seconds,
       four_decimals(percentile_cont(0.95) WITHIN GROUP (ORDER BY delay_s))         AS p95_delay_seconds,
       min(event_time)                                                              AS since,
       classpulse_now()                                                             AS as_of
FROM (
    SELECT event_time, class_id, session_id, device_type,
           greatest(date_part('epoch', ingested_at - event_time), 0) AS delay_s
    FROM events e
    WHERE event_time > (SELECT classpulse_now() - interval '10 minutes')
      AND event_time <= (SELECT classpulse_now())
      AND coalesce(role, 'student') = 'student'
      AND e.student_id NOT IN (SELECT staff_id FROM known_staff) -- as in latest_events
    ORDER BY event_time DESC
    LIMIT 10000
) e;
COMMENT ON VIEW event_quality IS 'A row is the latest 10,000 events at most of the last ten minutes.';
COMMENT ON COLUMN event_quality.without_class IS 'Events without a class.';
COMMENT ON COLUMN event_quality.without_session IS 'Events without a session.';
COMMENT ON COLUMN event_quality.without_device IS 'Events without a device.';
COMMENT ON COLUMN event_quality.median_delay_seconds IS 'From the event to its append.';
COMMENT ON COLUMN event_quality.p95_delay_seconds IS '95 % were appended sooner.';
