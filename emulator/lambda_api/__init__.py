"""Lambda's own API on the AWS endpoint: functions, invocations, event source mappings."""
