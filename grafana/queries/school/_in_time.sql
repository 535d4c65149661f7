day BETWEEN local_day($__timeFrom()) AND local_day($__timeTo())
