"""SQS: a pure queue engine that takes the time as an argument, and its seat in moto."""
