SELECT succeeded_at AS "Last done",
       added        AS "Events added",
       waiting_days AS "Days left",
       (SELECT min(came_at) FROM late_waiting) AS "Waits since"
FROM last_night
