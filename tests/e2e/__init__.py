"""The whole tool against real servers, judged by programs that are not ours."""
