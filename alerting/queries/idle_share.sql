SELECT c.class_id,
       coalesce(a.idle_students > {{idle_share_high}} * a.present AND a.present >= {{present_least}} AND c.in_term
                AND (c.began IS NOT NULL OR NOT c.has_timetable), false) AS firing,
       a.idle_students AS idle,
       a.present,
       a.enrolled,
       coalesce(c.period, 0) AS period,
       CASE WHEN a.present < {{present_least}} OR c.has_timetable AND c.began IS NULL THEN 2 ELSE 1 END AS reason,
       c.engagement_behind AS behind,
       c.as_of
FROM alert_classes c
JOIN active_now a ON a.scope = 'class' AND a.scope_id = c.class_id
