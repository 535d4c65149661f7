WITH week AS (
    SELECT count(*) FILTER (WHERE minutes_active > 0) AS days, sum(minutes_active) AS minutes
    FROM student_active_days
    WHERE student_id IN (${student:sqlstring})
      AND day > local_day(classpulse_now()) - 7 AND day <= local_day(classpulse_now())
)
SELECT coalesce((SELECT max(streak_days) FROM student_streak WHERE student_id IN (${student:sqlstring})), 0) AS "Streak",
       w.days                                             AS "Active days of 7",
       coalesce(w.minutes, 0)::bigint * 60                AS "Active this week",
       (SELECT coalesce(sum(total_time_spent), 0) FROM chapter_engagement_summary
        WHERE student_id IN (${student:sqlstring}))        AS "Time on chapters",
       p.overall_avg_score                                AS "Average score",
       p.quiz_accuracy                                    AS "Quizzes passed",
       p.learning_consistency_score                       AS "Steady weeks",
       p.at_risk_score                                    AS "Risk"
FROM week w
LEFT JOIN student_analytics_profiles p ON p.student_id IN (${student:sqlstring})
