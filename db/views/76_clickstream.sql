-- Use of the platform by day, page, place and cohort.

CREATE OR REPLACE VIEW clickstream_analytics WITH (security_barrier) AS
SELECT day                                                     AS date,
       active_users,
       active_users_7d,
       active_users_30d,
       four_decimals(duration_ms / (nullif(closed_sessions, 0) * 1000.0::double precision)) AS avg_session_duration,
       four_decimals(median_session_seconds)                   AS median_session_duration,
       four_decimals(clicks / nullif(minutes_active, 0)::double precision)           AS click_frequency,
       four_decimals(scroll_sum / (nullif(scrolls, 0) * 10.0::double precision))     AS avg_scroll_depth,
       four_decimals(bounces / nullif(sessions, 0)::double precision)                AS bounce_rate,
       sessions,
       clicks,
       pages,
       searches,
       scrolls,
       interactions,
       minutes_active,
       as_of
FROM click_days;
COMMENT ON VIEW clickstream_analytics IS 'A row is a local day, up to today.';
COMMENT ON COLUMN clickstream_analytics.date IS 'Local day.';
COMMENT ON COLUMN clickstream_analytics.active_users IS 'DAU.';
COMMENT ON COLUMN clickstream_analytics.active_users_7d IS 'WAU.';
COMMENT ON COLUMN clickstream_analytics.active_users_30d IS 'MAU.';
COMMENT ON COLUMN clickstream_analytics.click_frequency IS 'Clicks per active minute.';
COMMENT ON COLUMN clickstream_analytics.avg_scroll_depth IS 'Mean depth of a scroll, 0-100.';
COMMENT ON COLUMN clickstream_analytics.clicks IS 'Clicks.';
COMMENT ON COLUMN clickstream_analytics.searches IS 'Searches.';

CREATE OR REPLACE VIEW top_pages WITH (security_barrier) AS
SELECT day, page_url, sum(views)::bigint AS views, sum(students)::bigint AS students, sum(scrolls)::bigint AS scrolls
FROM page_days
GROUP BY day, page_url;
COMMENT ON VIEW top_pages IS 'A row is a local day x page (the address without its query).';

-- By week, as of the job's last run.
CREATE OR REPLACE VIEW top_pages_by_week WITH (security_barrier) AS
SELECT week, page_url, views, scrolls, as_of
FROM page_weeks;
COMMENT ON VIEW top_pages_by_week IS 'A row is a week x page, kept by a job.';
COMMENT ON COLUMN top_pages_by_week.week IS 'Its Monday.';

-- How far pages were scrolled: tenth 0 is less than 10 %, tenth 9 is 90 % and more.
CREATE OR REPLACE VIEW scroll_distribution WITH (security_barrier) AS
SELECT p.day, p.page_url, t.tenth::bigint AS tenth, sum(t.scrolls)::bigint AS scrolls
FROM page_days p
CROSS JOIN LATERAL unnest(ARRAY[p.s0, p.s1, p.s2, p.s3, p.s4, p.s5, p.s6, p.s7, p.s8, p.s9]) WITH ORDINALITY AS o (scrolls, place)
CROSS JOIN LATERAL (SELECT o.place - 1 AS tenth, o.scrolls) t
GROUP BY p.day, p.page_url, t.tenth;
COMMENT ON VIEW scroll_distribution IS 'A row is a local day x page x tenth of the page.';
COMMENT ON COLUMN scroll_distribution.tenth IS 'Tenth of the page, 0 ... 9.';

-- The last seven local days by minutes with any weight, never by clicks: all students, and within each class in which they were active.
CREATE OR REPLACE VIEW leaderboard WITH (security_barrier) AS
WITH clock AS (SELECT classpulse_now() AS now, local_day(classpulse_now()) AS today OFFSET 0),
     everywhere AS (
         SELECT d.student_id, sum(d.minutes_active)::bigint AS minutes, rank() OVER (ORDER BY sum(d.minutes_active) DESC) AS place
         FROM clock c
         JOIN student_days d ON d.day > c.today - 7 AND d.day <= c.today
         WHERE NOT EXISTS (SELECT FROM known_staff f WHERE f.staff_id = d.student_id)
         GROUP BY d.student_id
     )
SELECT s.student_id, s.class_id, s.minutes_active, s.minutes_today, s.active_days, e.place,
       rank() OVER (PARTITION BY s.class_id ORDER BY s.minutes_active DESC) AS place_in_class,
       s.as_of,
       e.minutes AS minutes_everywhere
FROM (
    SELECT d.student_id, d.class_id,
           sum(d.minutes_active)::bigint                                AS minutes_active,
           coalesce(sum(d.minutes_active) FILTER (WHERE d.day = c.today), 0)::bigint AS minutes_today,
           count(*) FILTER (WHERE d.minutes_active > 0)                 AS active_days,
           c.now                                                        AS as_of
    FROM clock c
    JOIN student_class_days d ON d.day > c.today - 7 AND d.day <= c.today
    GROUP BY d.student_id, d.class_id, c.now
) s
JOIN everywhere e ON e.student_id = s.student_id
WHERE s.minutes_active > 0;
COMMENT ON VIEW leaderboard IS 'A row is a student x class in which they had active minutes in the last 7 local days.';
COMMENT ON COLUMN leaderboard.minutes_today IS 'Minutes today.';
COMMENT ON COLUMN leaderboard.active_days IS 'Days with active minutes in the class.';
COMMENT ON COLUMN leaderboard.place IS 'Among all students, by minutes_everywhere.';
COMMENT ON COLUMN leaderboard.place_in_class IS 'By minutes_active.';
COMMENT ON COLUMN leaderboard.minutes_everywhere IS 'Minutes in all classes.';

CREATE OR REPLACE VIEW cohort_retention WITH (security_barrier) AS
SELECT cohort_week, week_number, students, active_students,
       four_decimals(active_students / students::double precision) AS retention, as_of
FROM cohort_weeks;
COMMENT ON VIEW cohort_retention IS 'A row is a week (Monday) of first enrolment x week since, up to this one.';
COMMENT ON COLUMN cohort_retention.cohort_week IS 'Monday of the week of the first enrolment.';
COMMENT ON COLUMN cohort_retention.week_number IS 'Weeks since, from 0.';
COMMENT ON COLUMN cohort_retention.active_students IS 'Who were active in that week.';
COMMENT ON COLUMN cohort_retention.retention IS 'Share who were active in that week, 0-1.';

-- The last 30 days. Null: the events did not say.
CREATE OR REPLACE VIEW geography WITH (security_barrier) AS
SELECT name AS country_code, students, sessions,
       four_decimals(sessions / sum(sessions) OVER ()::double precision) AS share,
       four_decimals(duration_ms / (nullif(closed_sessions, 0) * 1000.0::double precision)) AS avg_session_duration,
       four_decimals(bounces / sessions::double precision) AS bounce_rate, as_of
FROM place_counts
WHERE kind = 'country';
COMMENT ON VIEW geography IS 'A row is a country (null = unknown), of the last 30 days.';

CREATE OR REPLACE VIEW device_summary WITH (security_barrier) AS
SELECT kind, name, students, sessions,
       four_decimals(sessions / sum(sessions) OVER (PARTITION BY kind)::double precision) AS share,
       four_decimals(duration_ms / (nullif(closed_sessions, 0) * 1000.0::double precision)) AS avg_session_duration,
       four_decimals(bounces / sessions::double precision) AS bounce_rate, as_of
FROM place_counts
WHERE kind IN ('device', 'browser');
COMMENT ON VIEW device_summary IS 'A row is a device type or browser, of the last 30 days.';
COMMENT ON COLUMN device_summary.kind IS 'device or browser.';
