CASE
           WHEN as_of IS NULL
               THEN 'No data yet: no event has reached ClassPulse. Your administrator can run "classpulse doctor".'
           WHEN lag_s >= {{lag_stalled_s}}
               THEN 'Pipeline stalled: the numbers are ' || age || ' old. This says nothing about the class.'
           WHEN known = 0
               THEN 'Nobody matches this choice: no roster and no activity. Choose another class, grade or course.'
           WHEN present = 0 AND enrolled = 0
               THEN 'No roster for this choice, and nobody is here now. ' || last_action
           WHEN present = 0
               THEN 'Quiet: none of the ' || enrolled || ' enrolled is here now; data is flowing. ' || last_action
           WHEN enrolled = 0
               THEN 'No roster: ' || present || ' here, ' || active || ' active now. Who is absent is unknown until a roster is loaded.'
           ELSE 'Live: ' || expected || ' of ' || enrolled || ' enrolled are here, ' || active || ' active now.'
                || CASE WHEN present > expected THEN ' ' || (present - expected) || ' here are not on the roster.' ELSE '' END
       END
       || CASE WHEN is_replay THEN ' (A replayed log: "now" is its own time.)' ELSE '' END
