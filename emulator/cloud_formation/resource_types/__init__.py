"""What CloudFormation knows of each type of resource, one service a module."""
