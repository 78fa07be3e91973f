"""What AWS keeps of jobs: items of the table, messages of the queues, objects of the bucket."""
