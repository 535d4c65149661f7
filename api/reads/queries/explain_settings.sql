-- Of the deployment. A class may have an idle time of its own, which the views use.
SELECT extract(epoch FROM classpulse_idle_after())::double precision    AS idle_after_s,
       extract(epoch FROM classpulse_offline_after())::double precision AS offline_after_s
