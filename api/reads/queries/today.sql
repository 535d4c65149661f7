SELECT local_day(classpulse_now()) AS day
