"""When and in what order; the only room that knows Airflow."""
