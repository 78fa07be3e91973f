"""What people see in a browser. Only the first page's form needs a script, and nothing a cookie."""
