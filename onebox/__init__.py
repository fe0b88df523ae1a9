"""The whole world on one machine: PostgreSQL, the departments, Airflow and the web as child processes."""
