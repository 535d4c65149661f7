SELECT grade FROM grade_list ORDER BY 1
